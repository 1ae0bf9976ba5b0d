/** The contract's world for proxies with real sockets: small servers, an HTTP client and ports, all on loopback. */
import { randomInt } from 'node:crypto'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint, RoutingTable } from '@vamp/model/routing/table'
import { systemClock } from '../../base/clock.ts'
import type { ContractAnswer, ContractRequest, ProxyHarness } from './contract-world.ts'
import type { Proxy as ProxyPort } from '../proxy.ts'

export interface LiveHarnessOptions {
  readonly proxy: ProxyPort
  readonly refused: (table: RoutingTable) => RoutingTable
  readonly survivesDetach: boolean
  /** After the proxy has been disposed: what it left behind. */
  readonly cleanUp?: () => Promise<void>
}

const UNTIL_MS_MAX = 20_000

export function liveHarness({ proxy, refused, survivesDetach, cleanUp }: LiveHarnessOptions): ProxyHarness {
  const servers: (Server | TcpServer)[] = []
  const held = new Map<string, ServerResponse[]>()
  const kept = new Agent({ keepAlive: true, maxSockets: 16 })
  return {
    proxy,
    async backend(id) {
      const server = createServer((request, response) => answer(id, request, response, held))
      servers.push(server)
      return endpoint(id, await listening(server, 0))
    },
    dead: async id => endpoint(id, await freePort()),
    freePort,
    async occupy(port) {
      const server = createTcpServer()
      servers.push(server)
      await listening(server, port)
    },
    now: systemClock.now,
    request: (port, request = {}) => ask(port, request, kept),
    held: id => held.get(id)?.length ?? 0,
    release() {
      for (const responses of held.values()) for (const response of responses) response.end()
      held.clear()
    },
    async until(condition) {
      for (const deadline = performance.now() + UNTIL_MS_MAX; !(await condition());) {
        if (performance.now() > deadline) throw new Error('it did not come')
        await sleep(10)
      }
    },
    refused,
    survivesDetach,
    async close() {
      kept.destroy()
      await proxy[Symbol.asyncDispose]()
      await cleanUp?.()
      for (const server of servers) {
        if ('closeAllConnections' in server) server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      }
    },
  }
}

function endpoint(id: string, port: number): Endpoint {
  return { id, host: '127.0.0.1', port, state: 'ready' }
}

async function answer(id: string, request: IncomingMessage, response: ServerResponse, held: Map<string, ServerResponse[]>): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  request.resume()
  response.setHeader('x-instance', id)
  response.setHeader('x-path', path)
  if (path === '/reset') { request.socket.destroy(); return }
  if (path === '/slow') await sleep(100)
  if (path === '/hold') { held.set(id, [...(held.get(id) ?? []), response]); return }
  response.statusCode = path.startsWith('/status/') ? Number(path.slice('/status/'.length)) : 200
  response.end(`${id}\n`)
}

function ask(port: number, { method = 'GET', path = '/', headers = {}, fresh = false, signal }: ContractRequest, kept: Agent): Promise<ContractAnswer> {
  return new Promise(resolve => {
    const nothing = () => resolve({ status: 0, instance: '', cookies: {} })
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: fresh ? false : kept, ...(signal ? { signal } : {}) }, response => {
      const cookies = Object.fromEntries((response.headers['set-cookie'] ?? []).map(cookie => {
        const pair = cookie.split(';')[0] ?? ''
        return [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      }))
      response.resume()
      response.once('error', nothing)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, instance: String(response.headers['x-instance'] ?? ''), cookies }))
    })
    sent.once('error', nothing)
    sent.end()
  })
}

let nextPort = randomInt(20_000, 29_000)

/** A port that nobody listens on, outside the range from which the system gives out ports. */
async function freePort(): Promise<number> {
  for (;;) {
    nextPort = nextPort >= 29_999 ? 20_000 : nextPort + 1
    const port = nextPort
    const server = createTcpServer()
    try {
      await listening(server, port)
    } catch {
      continue
    }
    await new Promise(resolve => server.close(resolve))
    return port
  }
}

function listening(server: Server | TcpServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => resolve((server.address() as AddressInfo).port))
  })
}
