import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { FULL_SHARE, type RoutingTable } from '@vamp/model/routing/table'
import { seeded } from '@vamp/stats/testdata/seeded'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silent } from '../../base/log.ts'
import type { Proxy as ProxyPort } from '../proxy.ts'
import { contractGateway } from '../testdata/contract-world.ts'
import { openEmbedded } from './embedded.ts'

/** What instances do with a connection once something came: well, badly, and as nobody should. */
const ANSWERS: readonly ((socket: Socket) => void)[] = [
  socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  socket => socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  socket => socket.resetAndDestroy(),
  socket => socket.end(),
  socket => { socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart'); socket.resetAndDestroy() },
  socket => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nXYZ\r\n'),
  socket => socket.write('\u0000\u0001nothing of the kind\r\n\r\n'),
  socket => socket.write(Buffer.from('HTTP/1.1 200 \xe9\xff\r\nx-odd: \x80\xfe\r\ncontent-length: 0\r\n\r\n', 'latin1')),
  socket => socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  socket => socket.write('HTTP/1.1 204 No Content\r\n\r\nbody that may not be'),
  socket => socket.write('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'),
  socket => { socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\nhello'); setTimeout(() => socket.resetAndDestroy(), 3) },
  socket => { socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n'); socket.pipe(socket) },
  () => {},
]

/** What visitors send before they are silent, leave, or cut the connection. */
const SENDINGS: readonly string[] = [
  '', 'GET', '\r\n\r\n', 'GET / HTTP/1.1\r\nhost: known\r\n\r\n', 'GET / HTTP/1.1\r\nhost: known\r\n\r\n'.repeat(5), 'GET / HTTP/9.9\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: known\r\ncontent-length: 1000\r\n\r\nhalf', 'POST / HTTP/1.1\r\nhost: known\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nZZ',
  'POST / HTTP/1.1\r\nhost: known\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n', 'POST / HTTP/1.1\r\nhost: known\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'GET / HTTP/1.1\r\nhost: known\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n', 'GET / HTTP/1.1\r\nhost: known\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\nearly bytes',
  'GET / HTTP/1.1\r\nhost: nobody\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n', 'GET nowhere HTTP/1.1\r\nhost: known\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: known\r\nconnection: upgrade\r\nupgrade: \xff\xfe, \xe9\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel',
  'CONNECT somewhere:443 HTTP/1.1\r\nhost: known\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nhost: known\r\n\r\n', 'GET http://[::1/ HTTP/1.1\r\nhost: known\r\n\r\n', 'GET http://known:99999/ HTTP/1.1\r\nhost: known\r\n\r\n',
  'GET /\xff\xfe%zz%00?\xe9 HTTP/1.1\r\nhost: known\r\n\r\n', 'GET / HTTP/1.1\r\nhost: known\r\nx: \xff\x80\r\ncookie: \xe9=\xff; =; ;;\r\nconnection: x, host, content-length\r\n\r\n',
  `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: known\r\n\r\n`, `GET / HTTP/1.1\r\nhost: known\r\n${'x: y\r\n'.repeat(3000)}\r\n`, 'HEAD / HTTP/1.1\r\nhost: known\r\n\r\n', 'TRACE / HTTP/1.1\r\nhost:\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n',
]

const ENDINGS: readonly ((socket: Socket) => void)[] = [socket => socket.resetAndDestroy(), socket => socket.end(), socket => socket.destroy(), () => {}]

const servers: Server[] = []
let proxy: ProxyPort | undefined
afterEach(async () => {
  await proxy?.stop(0)
  for (const server of servers.splice(0)) server.close()
})

const listening = async (server: Server) => {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
const freePort = async () => {
  const port = await listening(createServer())
  await new Promise(resolve => { servers.pop()?.close(resolve) })
  return port
}

/** A listener whose error nobody hears would end the whole program, so any of these visits could. */
test('whatever visitors and instances do, the proxy goes on serving', { timeout: 60_000 }, async () => {
  const random = seeded(4711)
  const oneOf = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T
  const rude = await listening(createServer(socket => { socket.on('error', () => {}); socket.once('data', () => oneOf(ANSWERS)(socket)); setTimeout(() => socket.destroy(), 400).unref() }))
  const kind = await listening(createServer(socket => { socket.on('error', () => {}); socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')) }))
  const to = (port: number) => ({ weight: FULL_SHARE, to: [{ id: `i${port}`, host: '127.0.0.1', port, state: 'ready' as const }] })
  const [plain = 0, policed = 0, raw = 0, hosts = 0, lost = 0, good = 0] = await Promise.all(Array.from({ length: 6 }, freePort))
  const table: RoutingTable = {
    revision: 1, virtual_hosts: { address: '127.0.0.1', port: hosts },
    gateways: [
      contractGateway('plain', plain, { a: to(rude) }, { virtual_hosts: ['known'], sticky: 'instance' }),
      contractGateway('policed', policed, { a: to(rude) }, { policy: { retries: { attempts: 2, on: ['reset', '5xx'], methods: 'any' }, timeouts: { request: 1 } } }),
      contractGateway('raw', raw, { a: to(rude) }, { mode: 'tcp' }),
      contractGateway('lost', lost, { a: to(rude) }, { policy: { redirect: { to: 'https://sho→p/', status: 302 } } }),
      contractGateway('good', good, { a: to(kind) }),
    ],
  }
  proxy = openEmbedded({ clock: systemClock, log: silent, random, serverTimeoutMs: 300 })
  await proxy.apply(table)
  const visit = async () => {
    const socket = connect(oneOf([plain, policed, raw, hosts, lost]), '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', () => {})
    const [sending, ending] = [oneOf(SENDINGS), oneOf(ENDINGS)]
    socket.write(random() < 0.15 ? Buffer.from(Array.from({ length: 1 + random() * 300 }, () => random() * 256)) : Buffer.from(sending.slice(0, random() < 0.2 ? random() * sending.length : undefined), 'latin1'))
    await sleep(oneOf([0, 0, 1, 5, 20]))
    ending(socket)
    await sleep(oneOf([0, 30]))
    socket.destroy()
  }
  for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 30 }, visit))
  expect((await fetch(`http://127.0.0.1:${lost}/`, { redirect: 'manual' })).status).toBe(500)
  const answer = await fetch(`http://127.0.0.1:${good}/`)
  expect([answer.status, await answer.text()]).toEqual([200, 'ok'])
})
