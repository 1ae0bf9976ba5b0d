import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testdata/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  await server.ask('/', { method: 'PUT', body: 'kind: breed\nname: a\ndeployable: x\nports: {http: 80}\n---\nkind: deployment\nname: shop\nclusters: {web: {services: {breed: a}}}\n' })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

const put = (name: string, more: string, headers = {}) => server.ask(`/gateways/${name}`, { method: 'PUT', body: `name: ${decodeURIComponent(name)}\n${more}`, headers })
const code = ({ json }: { json: never }) => (json as { problems: [{ code: string }] }).problems[0].code

test('gateways are made, read, changed (202) and removed', async () => {
  const made = await server.ask('/gateways', { method: 'POST', body: 'name: front\nport: 8090\nroutes: {"[10.0.0.1:80]": {weight: 100%}}' })
  expect([made.status, made.json]).toEqual([202, expect.objectContaining({ name: 'front', port: '8090/http', internal: false, deployed: false, state: expect.objectContaining({ requests: 0 }) })])
  expect((await put('front', 'port: 8090\nsticky: route\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')).json).toEqual(expect.objectContaining({ sticky: 'route' }))
  expect((await server.ask('/gateways')).json).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'front' }), expect.objectContaining({ name: 'shop/web/http' })]))
  expect((await server.ask('/gateways/front', { method: 'DELETE' })).status).toBe(202)
  expect((await server.ask('/gateways/front')).status).toBe(404)
})

test('names with slashes come raw or escaped', async () => {
  expect((await put('shop/8091', 'port: 8091\nroutes: shop/web/http')).status).toBe(202)

  for (const path of ['shop/8091', 'shop%2F8091']) expect((await server.ask(`/gateways/${path}`)).json).toEqual(expect.objectContaining({ name: 'shop/8091' }))
})

test('a port is one gateway\'s', async () => {
  await put('first', 'port: 8092')

  const second = await put('second', 'port: 8092')

  expect([second.status, code(second)]).toEqual([400, 'UnavailableGatewayPortError'])
})

test('a gateway that would lead back to itself is refused, however long the way', async () => {
  expect(code(await put('ring-a', 'port: 8101\nroutes: {ring-a: {weight: 100%}}'))).toBe('CircularGatewayError')
  expect((await put('ring-a', 'port: 8101\nroutes: {ring-b: {weight: 100%}}')).status, 'nobody is there yet').toBe(202)
  expect((await put('ring-b', 'port: 8102\nroutes: {ring-c: {weight: 100%}}')).status).toBe(202)

  const closed = await put('ring-c', 'port: 8103\npolicy: {failover: [ring-a]}\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')

  expect([closed.status, closed.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'CircularGatewayError', message: "Gateway 'ring-c' leads back to itself: ring-c → ring-a → ring-b → ring-c." })] })])
  expect((await put('ring-c', 'port: 8103\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')).status).toBe(202)
})

test.each(['127.0.0.1', 'localhost', '127.1.2.3'])('a route to the gateway\'s own port at %s is refused', async host => {
  expect(code(await put('mirror-hall', `port: 8106\nroutes: {"[${host}:8106]": {weight: 100%}}`))).toBe('CircularGatewayError')
  expect((await put('mirror-hall', `port: 8106\nroutes: {"[${host}:8107]": {weight: 100%}}`)).status).toBe(202)
})

test('gateways that lead to each other by addresses of this host are refused', async () => {
  const external = (name: string, port: number, address: string) => put(name, `port: ${port}\nroutes: {"[${address}]": {weight: 100%}}`)
  expect((await external('ping', 8138, '127.0.0.1:8139')).status, 'nobody is there yet').toBe(202)

  const closed = await external('pong', 8139, 'localhost:8138')

  expect([closed.status, closed.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'CircularGatewayError', message: "Gateway 'pong' leads back to itself: pong → ping → pong." })] })])
  expect((await external('pong', 8139, '10.0.0.1:8138')).status).toBe(202)
})

test('no route leads to a gateway that speaks TLS', async () => {
  expect((await put('locked', 'port: 8104\npolicy: {tls: {certificate: /etc/vamp/shop.pem}}\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')).status).toBe(202)
  expect(code(await put('before-it', 'port: 8105\nroutes: {locked: {weight: 100%}}'))).toBe('TlsGatewayRouteError')
})

test('a route that leads nowhere is taken, and whoever writes it is told what was meant', async () => {
  const note = async (route: string) => (await put('typo', `port: 8120\nroutes: {"${route}": {weight: 100%}}`)).headers.get('x-vamp-note')

  expect(await note('shop/wep/a/http')).toBe("Route 'shop/wep/a/http' leads to no service; did you mean 'shop/web/a/http'? Requests that take it get 503.")
  expect(await note('shop/web/a/htp')).toContain("did you mean 'shop/web/a/http'?")
  expect(await note('shop/web/htpp')).toContain("leads to no gateway; did you mean 'shop/web/http'?")
  expect(await note('elsewhere/front/none/https')).toBe("Route 'elsewhere/front/none/https' leads to no service: requests that take it get 503.")
  for (const known of ['shop/web/a/http', 'shop/web/http', '[10.0.0.1:80]']) expect(await note(known)).toBeNull()

  const planned = await server.ask('/gateways/typo?plan=true', { method: 'PUT', body: 'name: typo\nport: 8120\npolicy: {failover: [shop/web/b/http]}\nroutes: {shop/web/a/http: {weight: 100%}}' })
  expect(planned.json).toEqual({ changes: [expect.objectContaining({ note: expect.stringMatching(/'shop\/web\/b\/http' leads to no service; did you mean 'shop\/web\/a\/http'/) })] })
})

test('a route is not lost whose service comes with the same documents, in whatever order', async () => {
  const { headers } = await server.ask('/', { method: 'PUT', body: 'kind: gateway\nname: early\nport: 8121\nroutes: {late/web/a/http: {weight: 100%}}\n---\nkind: deployment\nname: late\nclusters: {web: {services: {breed: a}}}\n' })

  expect(headers.get('x-vamp-note')).toBeNull()
})

test('no gateway that others lead to takes up TLS', async () => {
  expect((await put('open', 'port: 8107\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')).status).toBe(202)
  expect((await put('before-open', 'port: 8108\nroutes: {open: {weight: 100%}}')).status).toBe(202)

  const closing = await put('open', 'port: 8107\npolicy: {tls: {certificate: /etc/vamp/shop.pem}}\nroutes: {"[10.0.0.1:80]": {weight: 100%}}')

  expect([closing.status, closing.json]).toEqual([400, expect.objectContaining({ problems: [expect.objectContaining({ code: 'TlsGatewayRouteError', message: "Gateway 'before-open' leads to 'open', which would speak TLS." })] })])
})

test('a cluster\'s own gateway is changed but neither made nor removed by hand', async () => {
  expect(code(await put('shop/web/none', 'port: 8093'))).toBe('InternalGatewayCreateError')
  expect(code(await server.ask('/gateways/shop/web/http', { method: 'DELETE' }))).toBe('InternalGatewayRemoveError')
  expect(code(await put('shop/web/http', 'port: 0\nroutes: {shop/web/b/http: {weight: 100%}}'))).toBe('InternalGatewayUpdateError')
  expect((await put('shop/web/http', 'routes: {shop/web/a/http: {weight: 100%, condition: user-agent is Firefox, condition_strength: 50%}}')).status).toBe(202)
  expect((await server.ask('/gateways/shop/web/http')).json).toEqual(expect.objectContaining({ routes: { 'shop/web/a/http': expect.objectContaining({ weight: '100%', condition_strength: '50%' }) } }))
})

test('what is desired, what is in force and what was seen are told apart', async () => {
  await put('split', 'port: 8094\nroutes: {"[10.0.0.1:80]": {weight: 90%}, "[10.0.0.2:80]": {weight: 10%}}')
  const [one, two] = ['[10.0.0.1:80]', '[10.0.0.2:80]']
  await server.store.put('gateway-statuses', 'split', { name: 'split', deployed: true, port: 8094, desired: { [one]: 90, [two]: 10 }, acknowledged: { [one]: 95, [two]: 5 } })
  const cell = { gateway: 'split', instance: 'i', by: 'weight' as const, part: 0, errors: 0, statuses: [0, 0, 0, 0, 0, 0] as const, bytes: 0, latency: [] }
  server.traffic.add({ agent: 'a', sequence: 1, second: Math.floor(Date.now() / 1000) - 2, dropped: 0, cells: [{ ...cell, route: one, requests: 3 }, { ...cell, route: two, requests: 1 }] })

  const { json } = await server.ask('/gateways/split')

  expect(json).toEqual(expect.objectContaining({ deployed: true, state: { desired: { [one]: 90, [two]: 10 }, acknowledged: { [one]: 95, [two]: 5 }, observed: { [one]: 75, [two]: 25 }, requests: 4, seconds: 10 } }))
})

test('health and metrics are numbers, from events where somebody publishes them', async () => {
  const latency = [[100, 4]] as const
  server.traffic.add({ agent: 'a', sequence: 2, second: Math.floor(Date.now() / 1000) - 2, dropped: 0, cells: [{ gateway: 'shop/web/http', route: 'shop/web/a/http', instance: 'i-1', by: 'weight', part: 0, requests: 4, errors: 1, statuses: [0, 0, 3, 0, 0, 1], bytes: 10, latency }] })

  for (const path of ['gateways/shop%2Fweb%2Fhttp', 'gateways/shop%2Fweb%2Fhttp/routes/shop%2Fweb%2Fa%2Fhttp', 'deployments/shop', 'deployments/shop/clusters/web', 'deployments/shop/clusters/web/services/a', 'deployments/shop/clusters/web/services/a/instances/i-1'])
    expect([path, (await server.ask(`/health/${path}`)).json]).toEqual([path, 0.75])
  for (const path of ['gateways/shop%2Fweb%2Fhttp/rate', 'gateways/shop%2Fweb%2Fhttp/routes/shop%2Fweb%2Fa%2Fhttp/rate', 'deployments/shop/clusters/web/ports/http/rate', 'deployments/shop/clusters/web/services/a/ports/http/rate', 'deployments/shop/clusters/web/services/a/instances/i-1/ports/http/rate'])
    expect([path, (await server.ask(`/metrics/${path}?window=40`)).json]).toEqual([path, 0.1])
  expect((await server.ask('/metrics/gateways/shop%2Fweb%2Fhttp/responseTime')).json).toBeGreaterThan(0)
  expect((await server.ask('/metrics/gateways/shop%2Fweb%2Fhttp/nonsense')).status).toBe(404)
  expect((await server.ask('/health/gateways/quiet')).status).toBe(404)
  await server.ask('/events', { method: 'POST', body: '{tags: ["gateways:shop/web/http", "metrics:rate"], type: metrics, value: 12.5}' })
  expect((await server.ask('/metrics/gateways/shop%2Fweb%2Fhttp/rate')).json).toBe(12.5)
})

test('what a proxy that is there cannot do is refused, with its reason, in a gateway or in the policy that it refers to', async () => {
  await using own = await testServer()
  const put = (body: string) => own.ask('/gateways/one', { method: 'PUT', body: `name: one\nport: 8190\nroutes: {"[10.0.0.1:80]": {weight: 100%}}\n${body}` })
  const report = (driver: 'haproxy' | 'embedded') => own.fleet.join(driver).report({ agent: driver, driver, acknowledged: 0, endpoints: [], shares: [], reloads: 0 })
  report('haproxy')

  expect((await put('policy: {slow_start: 30s}')).status).toBe(202)
  expect((await put('policy: {hold: {time: 5s}, mirror: {to: "[10.0.0.2:80]"}, circuit_breaker: {consecutive_errors: 5}}')).status).toBe(202)
  expect((await put('policy: {fault: {abort: {status: 299}}}')).json).toMatchObject({ problems: [{ code: 'UnsupportedByProxyError', message: expect.stringContaining('HAProxy does not answer with 299') }] })
  for (const [policy, part] of [['timeouts: {request: 1000h}', 'timeouts.request'], ['timeouts: {tunnel: 577h}', 'timeouts.tunnel'], ['rate_limit: {requests: 1, per: 1000h}', 'rate_limit.per'], ['hold: {time: 9999999h}', 'hold.time'], ['fault: {delay: {time: 1000h}}', 'fault.delay.time'], ['circuit_breaker: {consecutive_errors: 1, eject: 1000h}', 'circuit_breaker.eject'], ['maintenance: {retry_after: 1000h}', 'maintenance.retry_after']])
    expect((await put(`policy: {${policy}}`)).json, policy).toMatchObject({ problems: [{ code: 'UnsupportedByProxyError', message: expect.stringContaining(`${part} is more than 576h`) }] })
  expect((await put('policy: {timeouts: {request: 576h}, hold: {time: 576h}, rate_limit: {requests: 1, per: 576h}}')).status).toBe(202)
  await own.ask('/policies/queues', { method: 'PUT', body: 'name: queues\nconnection_limit: {maximum: 5}' })
  expect((await put('policy: queues')).status).toBe(202)
  expect((await own.ask('/policies/queues', { method: 'PUT', body: 'name: queues\nconnection_limit: {maximum: 5, queue: 3}' })).status).toBe(400)
  expect((await own.ask('/policies/queues', { method: 'PUT', body: 'name: queues\nconnection_limit: {maximum: 5, queue_timeout: 3s}' })).status).toBe(400)

  report('embedded')
  const raw = await own.ask('/gateways/one', { method: 'PUT', body: 'name: one\nport: 8190\nroutes: {"[10.0.0.1:80]": {weight: 100%, condition: "< hdr_sub(user-agent) X >"}}' })
  expect(raw.json).toMatchObject({ problems: [{ message: expect.stringMatching(/The embedded proxy cannot carry .* only HAProxy can examine it/) }] })
  expect((await put('policy: {slow_start: 30s}')).json).toMatchObject({ problems: [{ message: expect.stringContaining('slow_start needs HAProxy') }] })
})
