/** Started with a Node that is too old, the program goes on with the one that npm brought along. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../bin/vamp.mjs')
const AGENT = join(import.meta.dirname, '../../agent/bin/vamp-agent.mjs')
/** The first of the two takes itself for old; the second one says that it is there. */
const OLD = `data:text/javascript,${encodeURIComponent("if (!process.env.TOLD_OLD) { process.env.TOLD_OLD = 'yes'; Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } }) } else console.error('the other one')")}`

const vamp = (...words: readonly string[]) => spawn(process.execPath, ['--import', OLD, MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } })

test('what it prints and its exit code are those of the other one', async () => {
  const child = vamp('lint', 'nothing.yml')
  let said = ''
  child.stderr.on('data', more => { said += more })

  expect(await once(child, 'close')).toEqual([3, null])
  expect(said).toBe('the other one\nerror there is no file nothing.yml\n')
})

test('so does the agent', async () => {
  const child = spawn(process.execPath, ['--import', OLD, AGENT, '--nonsense'], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } })
  let said = ''
  child.stderr.on('data', more => { said += more })

  const [exit] = await once(child, 'close')
  expect([exit, said.split('\n')[0]]).toEqual([2, 'the other one'])
})

test('what ends the first one ends both', async () => {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const child = vamp('--host', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'get', 'breeds')
    const [request] = await once(server, 'request')
    const left = once(request.socket, 'close')
    child.kill('SIGTERM')
    await Promise.all([left, once(child, 'close')])
  } finally {
    server.close()
  }
})
