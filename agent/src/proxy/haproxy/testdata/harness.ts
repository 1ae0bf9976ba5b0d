/** A world of real sockets for the contract: backends that say who they are, and a HAProxy of its own directory. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import { join } from 'node:path'
import type { Endpoint } from '@vamp/model/routing/table'
import { systemClock } from '../../../base/clock.ts'
import { silent } from '../../../base/log.ts'
import type { ContractAnswer, ContractRequest, ProxyHarness } from '../../testdata/contract-world.ts'
import type { HaproxyOptions } from '../haproxy.ts'
import { openHaproxy } from '../haproxy.ts'

export interface HaproxyWorld extends ProxyHarness {
  readonly directory: string
  /** Another driver on the same directory, as a later process opens it. */
  reopen(over?: Partial<HaproxyOptions>): Promise<ProxyHarness['proxy']>
}

export async function haproxyWorld(over: Partial<HaproxyOptions> = {}): Promise<HaproxyWorld> {
  const directory = mkdtempSync('/tmp/vamp-haproxy-')
  const open = (more: Partial<HaproxyOptions> = {}) => openHaproxy({ directory: join(directory, 'proxy'), clock: systemClock, log: silent, threads: 2, ...over, ...more })
  const proxy = await open()
  const backends = new Map<string, Server>()
  const occupied: TcpServer[] = []
  const agent = new Agent({ keepAlive: true })
  let holding: { id: string; answer: () => void }[] = []
  const world: HaproxyWorld = {
    proxy, directory: join(directory, 'proxy'), reopen: open, survivesDetach: true,
    async backend(id) {
      const server = testBackend(id, held => { holding.push(held) })
      backends.set(id, server)
      return endpoint(id, await listen(server))
    },
    async dead(id) { return endpoint(id, await freePort()) },
    freePort,
    async occupy(port) {
      const server = createTcpServer()
      await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
      occupied.push(server)
    },
    now: () => systemClock.now(),
    request: (port, request = {}) => sendRequest(port, request, agent),
    held: id => holding.filter(each => each.id === id).length,
    release() {
      for (const { answer } of holding) answer()
      holding = []
    },
    async until(condition) {
      const deadline = systemClock.monotonic() + 20_000
      while (!await condition()) {
        if (systemClock.monotonic() > deadline) throw new Error('it did not come')
        await systemClock.sleep(10)
      }
    },
    refused: table => ({ ...table, gateways: table.gateways.map(gateway => ({ ...gateway, routes: gateway.routes.map(route =>
      ({ ...route, condition: { is: 'raw' as const, acl: 'no_such_fetch x' }, strength: 10_000 })) })) }),
    async close() {
      world.release()
      agent.destroy()
      await proxy.stop(0)
      endProxies(join(directory, 'proxy'))
      for (const server of [...backends.values(), ...occupied]) server.close()
      for (const server of backends.values()) server.closeAllConnections()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return world
}

/** Ends the HAProxy processes of a directory, whoever started them. */
function endProxies(directory: string): void {
  const output = execFileSync('ps', ['-eo', 'pid=,args=']).toString()
  for (const line of output.split('\n')) if (line.includes(`-f ${directory}/haproxy.cfg`)) {
    try { process.kill(Number.parseInt(line, 10), 'SIGKILL') } catch { /* It has ended already. */ }
  }
}

function testBackend(id: string, hold: (held: { id: string; answer: () => void }) => void): Server {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const answer = (status: number) => { response.writeHead(status, { 'x-instance': id, 'x-path': path }).end('ok') }
    request.resume()
    if (path === '/hold') hold({ id, answer: () => answer(200) })
    else if (path === '/slow') systemClock.after(100, () => answer(200))
    else if (path === '/reset') request.socket.destroy()
    else answer(Number(/^\/status\/(\d+)$/.exec(path)?.[1] ?? 200))
  })
  server.keepAliveTimeout = 60_000
  return server
}

const endpoint = (id: string, port: number): Endpoint => ({ id, host: '127.0.0.1', port, state: 'ready' })

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Below the range from which the kernel gives ports to outgoing connections, so that none of those takes it meanwhile. */
let nextPort = 12_000 + (process.pid * 37) % 15_000
async function freePort(): Promise<number> {
  const highest = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/)[0])
  for (;;) {
    nextPort = nextPort + 1 < highest ? nextPort + 1 : 12_000
    const port = nextPort
    const server = createTcpServer()
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

export function sendRequest(port: number, { method = 'GET', path = '/', headers = {}, fresh = false, signal }: ContractRequest, agent: Agent): Promise<ContractAnswer> {
  return new Promise(resolve => {
    const none = () => resolve({ status: 0, instance: '', cookies: {} })
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers: { ...headers, ...(fresh ? { connection: 'close' } : {}) }, agent: fresh ? false : agent, ...(signal ? { signal } : {}) }, response => {
      response.resume()
      response.on('error', none)
      response.on('end', () => resolve({
        status: response.statusCode ?? 0, instance: String(response.headers['x-instance'] ?? ''),
        cookies: Object.fromEntries((response.headers['set-cookie'] ?? []).map(cookie => {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
          return [name, value]
        })),
      }))
    })
    sent.on('error', none)
    sent.end()
  })
}
