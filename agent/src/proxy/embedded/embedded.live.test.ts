import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest, type RequestListener, createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '@vamp/model/routing/table'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silent } from '../../base/log.ts'
import { proxyContract } from '../contract.ts'
import { contractGateway, type ProxyHarness } from '../testdata/contract-world.ts'
import { countryFinder } from '../country-lookup.ts'
import type { Sample } from '../proxy.ts'
import { liveHarness } from '../testdata/live-harness.ts'
import { openEmbedded } from './embedded.ts'

const open = async () => liveHarness({
  proxy: openEmbedded({ clock: systemClock, log: silent, random: Math.random, serverTimeoutMs: 700 }),
  refused: table => ({ ...table, gateways: table.gateways.map(gateway => ({ ...gateway, routes: gateway.routes.map(route => ({ ...route, balance: 'by the moon' })) })) }),
  survivesDetach: false,
})

proxyContract('embedded', open)

describe('an embedded proxy', () => {
  let harness: ProxyHarness
  let port: number
  let samples: Sample[]
  const servers: Server[] = []
  beforeEach(async () => {
    harness = await open()
    port = await harness.freePort()
    samples = []
    harness.proxy.onSamples(more => samples.push(...more))
  })
  afterEach(async () => {
    await harness.close()
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  const backend = async (id: string, listener: RequestListener, upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): Promise<Endpoint> => {
    const server = createServer(listener)
    if (upgrade) server.on('upgrade', upgrade)
    servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return { id, host: '127.0.0.1', port: (server.address() as AddressInfo).port, state: 'ready' }
  }
  let revision = 0
  const routeTo = (...endpoints: Endpoint[]) => harness.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, { a: { weight: 10_000, to: endpoints } })] })
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: Iterable<Uint8Array> | Buffer) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false })
    if (Buffer.isBuffer(body)) sent.end(body)
    else {
      for (const piece of body ?? []) sent.write(piece)
      sent.end()
    }
    const [response] = await once(sent, 'response') as [IncomingMessage]
    return response
  }
  const oneSample = async () => {
    await harness.until(() => samples.length > 0)
    expect(samples).toHaveLength(1)
    return samples[0]
  }

  test('requests that circle by addresses that nobody knew end by themselves', async () => {
    const other = await harness.freePort()
    const to = (at: number): Endpoint => ({ id: `at-${at}`, host: '127.0.0.1', port: at, state: 'ready' })
    await harness.proxy.apply({ revision: ++revision, gateways: [contractGateway('ping', port, { r: { weight: 10_000, to: [to(other)] } }), contractGateway('pong', other, { r: { weight: 10_000, to: [to(port)] } })] })

    expect((await harness.request(port, { fresh: true })).status).toBeGreaterThanOrEqual(400)
  })

  test('bodies of any length pass both ways unchanged, with and without a length', async () => {
    await routeTo(await backend('echo', (request, response) => { request.pipe(response) }))
    const big = Buffer.alloc(3_000_000, 'abcdefghij')

    expect((await buffer(await ask('POST', '/', { 'content-length': String(big.length) }, big))).equals(big)).toBe(true)
    const pieces = Array.from({ length: 30 }, () => big.subarray(0, 100_000))
    expect((await buffer(await ask('PUT', '/', { 'transfer-encoding': 'chunked' }, pieces))).equals(big)).toBe(true)
    expect(await text(await ask('POST', '/', { expect: '100-continue', 'content-length': '2' }, Buffer.from('ok')))).toBe('ok')
  })

  test('an instance that cannot be connected to is passed over, and the body arrives whole at the next', async () => {
    const dead = await harness.dead('dead')
    const alive = await backend('alive', (request, response) => { request.pipe(response) })
    await routeTo(dead, alive)

    for (let again = 0; again < 6; again++) expect(await text(await ask('POST', '/', { 'content-length': '5' }, Buffer.from('hello')))).toBe('hello')

    await harness.until(() => samples.length === 6)
    expect(samples.every(({ instance, error, status }) => instance === 'alive' && !error && status === 200)).toBe(true)
  })

  test('answers without a body keep their headers', async () => {
    await routeTo(await backend('one', (request, response) => {
      if (request.url === '/304') response.writeHead(304, { etag: '"x"' }).end()
      else if (request.url === '/204') response.writeHead(204).end()
      else response.writeHead(200, { 'content-length': '1234' }).end()
    }))

    const head = await ask('HEAD', '/')
    expect([head.statusCode, head.headers['content-length'], await text(head)]).toEqual([200, '1234', ''])
    const unchanged = await ask('GET', '/304')
    expect([unchanged.statusCode, unchanged.headers.etag]).toEqual([304, '"x"'])
    expect((await ask('GET', '/204')).statusCode).toBe(204)
  })

  test('headers of one connection stay there; the host, the spelling and repeated headers pass; the client is named', async () => {
    await routeTo(await backend('one', (request, response) => {
      response.writeHead(200, [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['X-Gone', 'y'], ['Connection', 'X-Gone']].flat())
      response.end(JSON.stringify(request.rawHeaders))
    }))

    const answer = await ask('GET', '/', {
      Host: 'shop.example', Connection: 'close, X-Secret', 'X-Secret': 'a', 'Keep-Alive': 'timeout=5', TE: 'gzip', 'X-Spelled-So': 'b', 'X-Forwarded-For': '10.1.1.1',
    })

    const seen: string[] = JSON.parse(await text(answer))
    const names = seen.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
    expect(names).not.toContain('x-secret')
    expect(names).not.toContain('te')
    expect(seen).toContain('X-Spelled-So')
    expect(seen[seen.findIndex(name => name.toLowerCase() === 'host') + 1]).toBe('shop.example')
    expect(seen[seen.findIndex(name => name.toLowerCase() === 'x-forwarded-for') + 1]).toBe('10.1.1.1, 127.0.0.1')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.headers['x-gone']).toBeUndefined()
  })

  test('an instance that does not answer in time is 504, an error of it', async () => {
    await routeTo(await backend('slow', () => {}))

    expect((await ask('GET', '/')).statusCode).toBe(504)
    expect(await oneSample()).toMatchObject({ instance: 'slow', status: 504, error: true })
  })

  test('an answer that breaks off is passed on as broken, and is an error', async () => {
    await routeTo(await backend('one', (_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    }))

    await expect(text(await ask('GET', '/'))).rejects.toThrow()
    expect(await oneSample()).toMatchObject({ instance: 'one', status: 200, error: true })
  })

  test('a client that leaves in the middle of its upload is no error', async () => {
    await routeTo(await backend('one', (request, response) => {
      request.on('error', () => {})
      request.resume().on('end', () => response.end())
    }))
    const client = connect(port, '127.0.0.1')
    client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf')
    await harness.until(async () => (await harness.proxy.connections()).get('one') === 1)

    client.destroy()

    expect(await oneSample()).toMatchObject({ instance: 'one', error: false })
    expect(await harness.proxy.connections()).toEqual(new Map())
  })

  test('what is no request is refused, and a whole URL is its path', async () => {
    await routeTo(await backend('one', (request, response) => { response.end(request.url) }))
    const raw = async (line: string) => {
      const client = connect(port, '127.0.0.1')
      client.write(`${line}\r\nhost: x\r\nconnection: close\r\n\r\n`)
      return await text(client)
    }

    expect(await raw('GET http://x.example/path?q=1 HTTP/1.1')).toContain('\r\n\r\n/path?q=1')
    expect(await raw('OPTIONS * HTTP/1.1')).toMatch(/^HTTP\/1.1 400 /)
    expect(await raw('GET / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked')).toMatch(/^HTTP\/1.1 400 /)
  })

  describe('with upgraded connections', () => {
    const echo = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`)
      if (head.length > 0) socket.write(head)
      socket.pipe(socket)
    }
    const upgrade = async (): Promise<{ socket: Socket; heard: () => string }> => {
      const socket = connect(port, '127.0.0.1')
      let heard = ''
      socket.setEncoding('latin1').on('data', piece => { heard += piece }).on('error', () => {})
      socket.write('GET /live HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\nfirst')
      await harness.until(() => heard.includes('\r\n\r\n') || socket.closed)
      return { socket, heard: () => heard }
    }

    test('bytes pass both ways, the connection counts as one of its instance, and outlives the removal of it', async () => {
      const one = await backend('one', () => {}, echo)
      const other = await backend('two', (_, response) => { response.end('two') })
      await routeTo(one)

      const { socket, heard } = await upgrade()
      expect(heard()).toMatch(/^HTTP\/1.1 101 .*upgrade: websocket/is)
      await harness.until(() => heard().endsWith('first'))
      expect((await harness.proxy.connections()).get('one')).toBe(1)
      // Longer than an answer may take: a tunnel has no such limit.
      await sleep(900)
      await routeTo({ ...one, state: 'draining' }, other)
      await routeTo(other)
      socket.write(' second')
      await harness.until(() => heard().endsWith('first second'))

      socket.end()
      expect(await oneSample()).toMatchObject({ gateway: 'shop', route: 'a', instance: 'one', status: 101, error: false })
      expect((await harness.proxy.connections()).get('one')).toBeUndefined()
    })

    test('an instance that does not agree answers, and the connection ends', async () => {
      await routeTo(await backend('one', (_, response) => { response.writeHead(426).end('no') }))

      const { heard, socket } = await upgrade()
      await harness.until(() => socket.closed)

      expect(heard()).toMatch(/^HTTP\/1.1 426 /)
      expect(heard()).toContain('no')
      expect(await oneSample()).toMatchObject({ status: 426, error: false })
    })

    test('a dead instance is 503, and what is still open is cut when the proxy stops', async () => {
      await routeTo(await harness.dead('dead'))
      expect((await upgrade()).heard()).toMatch(/^HTTP\/1.1 503 /)

      await routeTo(await backend('one', () => {}, echo))
      const { socket } = await upgrade()
      await harness.proxy.stop(50)

      await harness.until(() => socket.closed)
    })
  })

  test('a gateway may change its mode or its address and keep its port', async () => {
    const one = await backend('one', (_, response) => { response.end('one') })
    const gateway = (over: object) => harness.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, { a: { weight: 10_000, to: [one] } }, over)] })

    for (const over of [{}, { mode: 'tcp' }, { address: '0.0.0.0' }, { address: '0.0.0.0', mode: 'tcp' }, {}]) {
      await gateway(over)
      expect(await text(await ask('GET', '/'))).toBe('one')
    }
  })

  test('a connection that asks for nothing more is closed when its gateway says so', async () => {
    const to = await backend('a', (_, response) => response.end('ok'))
    await harness.proxy.apply({ revision: 1, gateways: [contractGateway('shop', port, { a: { weight: 10_000, to: [to] } }, { policy: { timeouts: { idle: 0.1 } } })] })
    const socket = connect(port, '127.0.0.1').resume()
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(socket, 'data')
    // Node waits for another second, for requests that are on their way.
    await Promise.race([once(socket, 'close'), sleep(5_000).then(() => { throw new Error('it is still open') })])
  })
})

test('an embedded proxy knows countries from a file, and refuses to guess them without one', async () => {
  const probe = createServer()
  await once(probe.listen(0, '127.0.0.1'), 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => { probe.close(resolve) })
  const british = contractGateway('shop', port, { a: { weight: 10_000, to: [] }, b: { strength: 10_000, condition: { is: 'country', value: 'gb' }, to: [] } })
  const opened = { clock: systemClock, log: silent, random: Math.random }
  await using without = openEmbedded(opened)
  await expect(without.apply({ revision: 1, gateways: [british] })).rejects.toThrowError(expect.objectContaining({ facts: expect.objectContaining({ reason: expect.stringMatching(/no file of countries/) }) }))

  const samples: Sample[] = []
  await using proxy = openEmbedded({ ...opened, countries: { of: countryFinder([['127.0.0.0/8', 'GB']]), [Symbol.dispose]: () => {} } })
  proxy.onSamples(more => { samples.push(...more) })
  await proxy.apply({ revision: 1, gateways: [british] })
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503)
  await proxy.stop(0)
  expect(samples).toMatchObject([{ route: 'b', by: 'condition' }])
})
