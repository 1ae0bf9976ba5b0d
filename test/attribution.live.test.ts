/** From a visitor's cookie to what a version earns: a gateway, an application that tells what it sold, and the question afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openEmbedded } from '@vamp/agent/proxy/embedded/embedded'
import { openHaproxy } from '@vamp/agent/proxy/haproxy/haproxy'
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { gatewayLookupName, routeLookupName } from '@vamp/model/lookup-name'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { testServer, type TestServer } from '@vamp/server/api/testdata/test-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const GATEWAY = 'shop/web/http'
const VERSIONS = ['web:1.0', 'web:1.1'] as const

describe.each(['embedded', 'haproxy'] as const)('what applications tell behind a gateway of %s', kind => {
  let directory: string
  let server: TestServer
  let shops: Server[]
  beforeEach(async () => {
    directory = mkdtempSync('/tmp/vamp-visit-')
    server = await testServer()
    shops = []
  })
  afterEach(async () => {
    for (const shop of shops) { shop.closeAllConnections(); shop.close() }
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Knows nothing of versions: it passes the gateway's cookie on, one event at a time or, for a whole basket, several at once. */
  const shop = async (version: string) => {
    const own = createServer(async (request, response) => {
      const cookie = /vamp_[^;]*/.exec(request.headers.cookie ?? '')?.[0]
      const sale = (total: number) => ({ tags: ['sale', `visit:${cookie}`], type: 'purchase', value: { total } })
      if (request.url === '/buy') await server.ask('/events', { method: 'POST', body: sale(10) })
      if (request.url === '/basket') await server.ask('/events', { method: 'POST', body: [sale(1), sale(2), sale(3)] })
      response.writeHead(200, { 'x-version': version }).end('ok')
    })
    shops.push(own)
    await new Promise<void>(resolve => own.listen(0, '127.0.0.1', resolve))
    return (own.address() as AddressInfo).port
  }

  test.skipIf(kind === 'haproxy' && findBinary() === undefined)('is of the version that the visitor was given, singly and in bulk', async () => {
    const ports = [await shop(VERSIONS[0]), await shop(VERSIONS[1])]
    const port = await freePort()
    const table = tableOf(port, ports)
    await using proxy = kind === 'haproxy' ? await openHaproxy({ directory: join(directory, 'proxy'), clock, log: silent, threads: 1 }) : openEmbedded({ clock, log: silent, random: Math.random })
    await proxy.apply(table)
    server.fleet.publish(table)
    const visit = async (path: string, cookie?: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie === undefined ? {} : { cookie } })
      return { version: answer.headers.get('x-version') ?? '', cookie: answer.headers.getSetCookie().map(each => each.split(';')[0]).join('; ') }
    }
    const sold = new Map<string, number>()
    for (let visitor = 0; visitor < 30; visitor++) {
      const { cookie, version } = await visit('/')
      expect(cookie).toMatch(/^vamp_/)
      const [path, total] = visitor % 2 === 0 ? ['/buy', 10] as const : ['/basket', 6] as const
      expect((await visit(path, `theme=dark; ${cookie}`)).version).toBe(version)
      sold.set(`services:${version}`, (sold.get(`services:${version}`) ?? 0) + total)
    }

    const earned = (await server.ask('/events?type=purchase&tag=sale&aggregate=sum&field=total&by=services')).json as { tag: string; value: number }[]
    expect([...sold.keys()].sort()).toEqual(VERSIONS.map(version => `services:${version}`))
    expect(new Map(earned.map(({ tag, value }) => [tag, value]))).toEqual(sold)
    await proxy.stop(0)
  })
})

function tableOf(port: number, ports: readonly number[]): RoutingTable {
  const routes = VERSIONS.map((version, index): GatewayTable['routes'][number] => {
    const path = `shop/web/${version}/http`
    return { path, lookup_name: routeLookupName(GATEWAY, path), weight: 5000, strength: 10_000, rewrites: [], target: { is: 'endpoints', endpoints: [{ id: `shop-${index}`, host: '127.0.0.1', port: ports[index] ?? 0, state: 'ready' }] } }
  })
  return { revision: 1, gateways: [{ name: GATEWAY, lookup_name: gatewayLookupName(GATEWAY), address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'route', routes }] }
}

async function freePort(): Promise<number> {
  const held = createServer()
  await new Promise<void>(resolve => held.listen(0, '127.0.0.1', resolve))
  const { port } = held.address() as AddressInfo
  await new Promise(resolve => held.close(resolve))
  return port
}
