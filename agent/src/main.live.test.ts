/** The program against a server of the contract's making: what it carries, says, keeps, and outlives. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AgentReport } from './link/link.ts'
import { findBinary } from './proxy/haproxy/process.ts'
import { socketDirectory } from './proxy/haproxy/socket-directory.ts'
import { contractGateway } from './proxy/testdata/contract-world.ts'

const main = join(import.meta.dirname, 'main.ts')
let data: string
let children: ChildProcess[]
let servers: Server[]
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'vamp-agent-'))
  children = []
  servers = []
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(data, { recursive: true, force: true })
})

async function listen(server: Server, port = 0): Promise<number> {
  servers.push(server)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** The server's side of the contract, in memory. */
async function controlServer(port = 0) {
  const reports: AgentReport[] = []
  const windows: Window[] = []
  const streams = new Set<ServerResponse>()
  const refused: string[] = []
  let table: RoutingTable | undefined
  const send = (response: ServerResponse) => { if (table) response.write(`id: ${table.revision}\ndata: ${JSON.stringify(table)}\n\n`) }
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== 'Bearer secret') { refused.push(request.url ?? ''); response.writeHead(401).end(); return }
    if (request.url === '/api/v1/agents/a1/tables') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
      streams.add(response)
      response.once('close', () => streams.delete(response))
      send(response)
      return
    }
    const body: unknown = JSON.parse(await text(request))
    if (request.method === 'PUT' && request.url === '/api/v1/agents/a1/report') reports.push(body as AgentReport)
    else if (request.method === 'POST' && request.url === '/api/v1/agents/a1/windows') windows.push(body as Window)
    response.writeHead(204).end()
  })
  return {
    port: await listen(server, port), reports, windows, refused,
    publish(next: RoutingTable) {
      table = next
      for (const response of streams) send(response)
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function startProgram(port: number, token = 'secret', gateway = 'embedded'): ChildProcess {
  const child = spawn(process.execPath, [main, '--server', `http://127.0.0.1:${port}`, '--name', 'a1', '--gateway', gateway, '--data', data], { env: { VAMP_TOKEN: token }, stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  return child
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let step = 0; step < 2000; step++) {
    if (await condition()) return
    await sleep(10)
  }
  throw new Error('it did not come')
}

async function ask(port: number): Promise<string> {
  const sent = httpRequest({ host: '127.0.0.1', port, agent: false }).end()
  try {
    const [response] = await once(sent, 'response')
    return await text(response)
  } catch {
    return ''
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise(resolve => server.close(resolve))
  return port
}

const requestsIn = (windows: readonly Window[]) => windows.flatMap(({ cells }) => cells).reduce((sum, cell) => sum + cell.requests, 0)

test('the program carries tables, reports, delivers windows, and serves from its disk when the server is gone', async () => {
  const control = await controlServer()
  const gatewayPort = await freePort()
  const instance = await listen(createServer((_, response) => { response.end('one') }))
  const table = (revision: number): RoutingTable => ({
    revision, gateways: [contractGateway('shop', gatewayPort, { a: { weight: 10_000, to: [{ id: 'one', host: '127.0.0.1', port: instance, state: 'ready' }] } })],
  })
  const child = startProgram(control.port)
  control.publish(table(3))

  await until(() => control.reports.at(-1)?.acknowledged === 3)
  for (let request = 0; request < 20; request++) expect(await ask(gatewayPort)).toBe('one')
  await until(() => requestsIn(control.windows) === 20)
  control.publish(table(4))
  await until(() => control.reports.at(-1)?.acknowledged === 4)
  // The file follows the confirmation.
  await until(() => readFileSync(join(data, 'table.json'), 'utf8').startsWith('{"revision":4,'))

  control.close()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const second = startProgram(control.port)
  await until(async () => await ask(gatewayPort) === 'one')

  const returned = await controlServer(control.port)
  await until(() => returned.reports.at(-1)?.acknowledged === 4 && requestsIn(returned.windows) >= 1)
  expect(Math.min(...returned.windows.map(({ sequence }) => sequence))).toBeGreaterThan(Math.max(...control.windows.map(({ sequence }) => sequence)))
  returned.publish(table(5))
  await until(() => returned.reports.at(-1)?.acknowledged === 5)

  second.kill('SIGTERM')
  expect(await once(second, 'exit')).toEqual([0, null])
  expect(await ask(gatewayPort)).toBe('')
})

/** Longer with `CUT_SECONDS=60 npx vitest run --project live agent/src/main`. */
const CUT_SECONDS = Number(process.env['CUT_SECONDS'] ?? 4)

test.skipIf(findBinary() === undefined)('cut off from everything, and killed meanwhile, it loses no request, comes back without a reload, and makes up for what it missed with two at most', { timeout: 60_000 + CUT_SECONDS * 1000 }, async () => {
  const control = await controlServer()
  const gatewayPort = await freePort()
  const [one, two] = await Promise.all(['one', 'two'].map(name => listen(createServer((_, response) => { response.end(name) }))))
  const to = (id: string, port = 0) => [{ id, host: '127.0.0.1', port, state: 'ready' as const }]
  const table = (revision: number, weight: number): RoutingTable => ({ revision, gateways: [contractGateway('shop', gatewayPort, { a: { weight, to: to('one', one) }, b: { weight: 10_000 - weight, to: to('two', two) } })] })
  const first = startProgram(control.port, 'secret', 'haproxy')
  control.publish(table(3, 10_000))
  await until(() => control.reports.at(-1)?.acknowledged === 3)
  const answers = new Map<string, number>()
  let over = false
  const visitors = Promise.all(Array.from({ length: 4 }, async () => {
    while (!over) {
      const answer = await ask(gatewayPort)
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
      await sleep(10)
    }
  }))
  control.close()
  await sleep(CUT_SECONDS * 500)
  first.kill('SIGKILL')
  await once(first, 'exit')
  startProgram(control.port, 'secret', 'haproxy')
  await sleep(CUT_SECONDS * 500)

  const returned = await controlServer(control.port)
  returned.publish(table(4, 0))
  await until(() => returned.reports.at(-1)?.acknowledged === 4)
  expect(await ask(gatewayPort)).toBe('two')
  expect(returned.reports.at(-1)).toMatchObject({ driver: 'haproxy', reloads: 0 })
  // Each of these needs a reload. Those that are overtaken cost none.
  const more = await Promise.all(Array.from({ length: 8 }, freePort))
  for (const at of more.keys()) returned.publish({ revision: 5 + at, gateways: [...table(4, 0).gateways, ...more.slice(0, at + 1).map(port => contractGateway(`new-${port}`, port, { a: { weight: 10_000, to: to('one', one) } }))] })
  await until(() => returned.reports.at(-1)?.acknowledged === 12)
  expect(returned.reports.at(-1)?.reloads).toBeLessThanOrEqual(2)
  expect(await ask(more[7] ?? 0)).toBe('one')
  over = true
  await visitors
  expect([...answers.keys()].sort()).toEqual(['one', 'two'])
  expect(answers.get('one')).toBeGreaterThan(CUT_SECONDS * 20)
  process.kill(Number(JSON.parse(readFileSync(join(socketDirectory(data), 'process.json'), 'utf8')).pid), 'SIGTERM')
})

test('a wrong token is told, not a crash; a wrong command line is a sentence and the usage', async () => {
  const control = await controlServer()
  const child = startProgram(control.port, 'wrong')
  let said = ''
  child.stderr?.on('data', piece => { said += piece })
  await until(() => control.refused.length > 0 && said.includes('no tables at the moment'))
  expect(child.exitCode).toBeNull()
  child.kill('SIGTERM')
  await once(child, 'exit')

  const wrong = spawn(process.execPath, [main, '--server', 'nonsense'], { stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(wrong)
  const [complaint] = await Promise.all([text(wrong.stderr), once(wrong, 'exit')])
  expect(wrong.exitCode).toBe(2)
  expect(complaint).toMatch(/^vamp-agent: which server\? 'nonsense' is no http address\n\nvamp-agent --server URL/)
})
