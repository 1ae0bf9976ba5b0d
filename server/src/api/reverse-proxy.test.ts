import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { testServer } from './testdata/test-server.ts'

test('what an operator has open through the proxy ends with the operator\'s token', async () => {
  await using guarded = await testServer({ auth: 'on' })
  const service = createServer((_, response) => { response.write('so far') }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  guarded.fleet.publish({ revision: 1, gateways: [{ name: 'shop', lookup_name: 'abc', address: '127.0.0.1', port: (service.address() as AddressInfo).port, mode: 'http', virtual_hosts: [], sticky: 'none', routes: [] } as never] })
  await guarded.store.put('gateway-statuses', 'shop', { deployed: true } as never, 'any')
  const admin = { Authorization: `Bearer ${guarded.firstToken}` }
  const { token } = (await guarded.ask('/tokens', { method: 'POST', body: { name: 'o', role: 'operator' }, headers: admin })).json as { token: string }
  const reader = (await fetch(`${guarded.url}/proxy/gateways/shop/`, { headers: { Authorization: `Bearer ${token}` } })).body?.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader?.read())?.value).toBe('so far')

  await guarded.ask('/tokens/o', { method: 'DELETE', headers: admin })

  await expect(reader?.read()).rejects.toThrow('terminated')
  service.closeAllConnections()
  service.close()
})
