/** An engine that counts what it is asked: each call takes its time from the containers that start. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { expect, onTestFinished, test } from 'vitest'
import type { Workload } from '../container-driver.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openDockerDriver } from './docker-driver.ts'

const CHECK = { path: '/', port: 'web', initial_delay: 0, timeout: 1, interval: 2, failures: 3, protocol: 'HTTP' }
const workload = (id: string, changes: Partial<Workload> = {}): Workload => ({ ...TEST_WORKLOAD, deployable: { type: 'docker', definition: 'image' }, id, network: 'host', health_checks: [CHECK], ...changes })

async function counting({ logs = 404 }: { logs?: number } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-engine-'))
  const calls: string[] = []
  let tell = (_action: string, _id: string) => {}
  const server = createServer(({ method, url = '' }, answer) => {
    const path = url.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '').replace(/\/vamp-[^/]+/, '/NAME')
    calls.push(`${method} ${path}`)
    answer.setHeader('content-type', 'application/json')
    if (path === '/events') {
      tell = (Action, ID) => { answer.write(`${JSON.stringify({ Action, Actor: { ID, Attributes: {} } })}\n`) }
      return answer.flushHeaders()
    }
    if (path === '/version') return answer.end(JSON.stringify({ ApiVersion: '1.41' }))
    if (path === '/containers/json') return answer.end('[]')
    if (path === '/containers/create') return answer.writeHead(201).end(JSON.stringify({ Id: `c${calls.length}` }))
    if (path === '/containers/NAME/logs') return answer.writeHead(logs).end(JSON.stringify({ message: 'no logs' }))
    return answer.writeHead(/\/(start|pause|unpause)$/.test(path) ? 204 : 404).end()
  })
  const socket = join(directory, 'engine.sock')
  await once(server.listen(socket), 'listening')
  const driver = await openDockerDriver({ address: { host: `unix://${socket}` }, owner: 'test', clock: systemClock, log: silent })
  onTestFinished(async () => {
    await driver[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
    rmSync(directory, { recursive: true })
  })
  await systemClock.sleep(50)
  calls.length = 0
  return { driver, calls, tell: async (action: string, id: string) => { tell(action, id); await systemClock.sleep(20) } }
}

test('fifty instances on the network of the host cost two calls each, and are seen as running', async () => {
  const { driver, calls } = await counting()

  await Promise.all(Array.from({ length: 50 }, (_, index) => driver.start(workload(`i${index}`))))

  const seen = await driver.observe()
  expect(seen.map(({ state, health, host }) => `${state} ${health} ${host}`)).toEqual(Array.from({ length: 50 }, () => 'running unknown 127.0.0.1'))
  expect(new Set(seen.flatMap(({ ports }) => Object.values(ports))).size).toBe(50)
  const counts = Object.fromEntries([...Map.groupBy(calls, call => call)].map(([call, all]) => [call, all.length]))
  expect(counts).toEqual({ 'POST /containers/create': 50, 'POST /containers/NAME/start': 50 })
})

test('what the engine tells of a start that is known costs no call; of an end it is asked', async () => {
  const { driver, calls, tell } = await counting()
  await driver.start(workload('one'))
  const before = calls.length

  await tell('start', 'c1')
  expect(calls.slice(before)).toEqual([])
  await tell('die', 'c1')
  expect(calls.slice(before)).toEqual(['GET /containers/c1/json'])
})

test('a pause and its end cost a call each', async () => {
  const { driver, calls, tell } = await counting()
  await driver.start(workload('one'))
  const before = calls.length

  await driver.pause('one')
  await tell('pause', 'c1')
  expect((await driver.observe())[0]).toMatchObject({ state: 'running', paused: true, health: 'unhealthy' })
  await driver.resume('one')
  await tell('unpause', 'c1')

  expect((await driver.observe())[0]).toMatchObject({ state: 'running', health: 'unknown' })
  expect(calls.slice(before)).toEqual(['POST /containers/NAME/pause', 'POST /containers/NAME/unpause'])
})

test('where only the engine knows the address, or whether it is well, it is asked once more', async () => {
  const { driver, calls } = await counting()

  await driver.start(workload('bridged', { network: 'bridge' }))
  await driver.start(workload('unchecked', { health_checks: [] }))

  expect(calls.filter(call => call === 'GET /containers/NAME/json')).toHaveLength(2)
})

test('one whose logs cannot be read, as of a removal that broke off with its engine, is removed all the same', async () => {
  for (const logs of [409, 500]) {
    const { driver, calls } = await counting({ logs })
    await driver.start(workload('one'))

    await driver.stop('one', 1000)

    expect(calls).toContain('DELETE /containers/NAME')
    expect(await driver.observe()).toEqual([])
  }
})
