import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

async function check(port: number, ...more: readonly string[]): Promise<{ exit: number; said: string }> {
  let said = ''
  const say = (text: string) => { said += text }
  const io = { ...processIo({}, new AbortController().signal, () => Date.now()), out: say, err: say, terminal: false }
  const exit = await run(['up', '--check', '--port', String(port), '--gateway', 'memory', '--containers', 'memory', ...more], io, {})
  return { exit, said }
}

test('a check says that the port is taken, and that all is well once it is free', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }

  expect(await check(port)).toEqual({ exit: 1, said: expect.stringMatching(new RegExp(`^error Port ${port} on 127.0.0.1 is in use by another program`)) })

  other.close()
  await once(other, 'close')
  expect(await check(port)).toMatchObject({ exit: 0, said: expect.stringContaining('The options are fine') })
})

test('a check says that nothing can be kept in the data directory', async () => {
  expect(await check(0, '--data', '/proc/nowhere')).toEqual({ exit: 1, said: expect.stringMatching(/^error nothing can be kept in \/proc\/nowhere: no directory can be made there/) })
})
