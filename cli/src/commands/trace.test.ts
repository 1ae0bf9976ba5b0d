import type { GatewayTable, RouteTable } from '@vamp/model/routing/table'
import { testServer } from '@vamp/server/api/testdata/test-server'
import { expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

const route = (version: string, weight: number, over: Partial<RouteTable> = {}): RouteTable => ({
  path: `shop/web/${version}/http`, lookup_name: version, weight, strength: 0, rewrites: [],
  target: { is: 'endpoints', endpoints: [{ id: `${version}-i`, host: '127.0.0.1', port: 1, state: 'ready' }] }, ...over,
})
const gateway: GatewayTable = {
  name: 'shop/web/http', lookup_name: 'shop', address: '127.0.0.1', port: 9050, mode: 'http', virtual_hosts: [], sticky: 'none', split: { by: 'cookie', name: 'user' },
  routes: [route('web:1.0', 9_800), route('web:1.1', 200, { strength: 10_000, condition: { is: 'header', name: 'x-beta' } })],
}

test('trace tells every way, its share and why; a header, a cookie or an address choose among them', async () => {
  await using server = await testServer()
  server.fleet.publish({ revision: 1, gateways: [gateway] })
  const vamp = async (...args: string[]) => {
    let said = ''
    const say = (text: string) => { said += text }
    const exit = await run(['trace', ...args], { ...processIo({}, new AbortController().signal, () => 0), terminal: false, out: say, err: say }, { VAMP_HOST: server.url })
    return { exit, said }
  }

  expect((await vamp('localhost:9050/cart?x=1')).said).toBe(`GET /cart at gateway shop/web/http: one of 2 ways

 98.0%  web:1.0  web:1.0-i
        The condition of shop/web/web:1.1/http does not match: has header x-beta.
        By weight shop/web/web:1.0/http takes 98 % of the traffic.
        Its only instance is web:1.0-i.

 2.00%  web:1.1  web:1.1-i
        The condition of shop/web/web:1.1/http does not match: has header x-beta.
        By weight shop/web/web:1.1/http takes 2 % of the traffic.
        Its only instance is web:1.1-i.
`)
  expect((await vamp('shop/web/http', '/cart', '--header', 'X-Beta: yes', '--method', 'POST')).said).toBe(`POST /cart at gateway shop/web/http

  100%  web:1.1  web:1.1-i
        The condition of shop/web/web:1.1/http matches: has header x-beta.
        shop/web/web:1.1/http takes all that matches.
        Its only instance is web:1.1-i.
`)
  expect((await vamp('shop/web/http', '--cookie', 'user=mina')).said).toMatch(/Users are divided by the cookie user: this one stands at [\d.]+ % of the scale, which belongs to/)
  expect(await vamp('http://127.0.0.1:9999/')).toEqual({ exit: 3, said: 'error No gateway listens on port 9999; there are shop/web/http (9050).\n' })
})
