import { expect, test } from 'vitest'
import { messageBytes } from './sse.ts'

test('what many readers are told in one turn is encoded once, and not kept', async () => {
  const data = { tags: ['a'] }
  const bytes = messageBytes({ id: '1', event: 'a', data })

  expect(bytes.toString()).toBe('id: 1\nevent: a\ndata: {"tags":["a"]}\n\n')
  expect(messageBytes({ id: '1', event: 'a', data })).toBe(bytes)
  expect(messageBytes({ event: 'b', data }).toString()).toBe('event: b\ndata: {"tags":["a"]}\n\n')
  const again = messageBytes({ id: '1', event: 'a', data })
  await new Promise(resolve => setImmediate(resolve))
  expect(messageBytes({ id: '1', event: 'a', data })).not.toBe(again)
})
