import type { Logger } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openLifecycle } from './lifecycle.ts'

function harness() {
  const clock = virtualClock()
  const lines: string[] = []
  const line = (level: string) => (message: string, facts: Readonly<Record<string, unknown>> = {}) => { lines.push(`${level} ${message}: ${String(facts['name'])}`) }
  const log: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  return { clock, lines, life: openLifecycle({ clock, log }) }
}

test('what was opened last is closed first, each after the other', async () => {
  const { life } = harness()
  const order: string[] = []
  life.add('store', () => { order.push('store') })
  life.add('queue', async () => { await Promise.resolve(); order.push('queue') })
  life.use('api', { async [Symbol.asyncDispose]() { order.push('api') } })

  await life.close()

  expect(order).toEqual(['api', 'queue', 'store'])
})

test('a clean-up that fails or hangs does not keep the others from running', async () => {
  const { clock, life, lines } = harness()
  let closed = false
  life.add('store', () => { closed = true })
  life.add('proxy', () => new Promise(() => {}), 5000)
  life.add('api', () => { throw new Error('no') })

  const closing = life.close()
  await clock.advance(4999)
  expect(closed).toBe(false)
  await clock.advance(1)
  await closing

  expect(closed).toBe(true)
  expect(lines).toEqual(['error closing failed: api', 'warn closing takes too long, going on without it: proxy', 'debug closed: store'])
})

test('closing twice closes once', async () => {
  const { life } = harness()
  let closed = 0
  life.add('store', () => { closed++ })

  await Promise.all([life.close(), life.close(), life[Symbol.asyncDispose]()])

  expect(closed).toBe(1)
})
