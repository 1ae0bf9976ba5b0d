import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Gateway } from '@vamp/model/gateway'
import { parseArtifact } from '@vamp/model/parse/document'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { expect, test } from 'vitest'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import { sendVisitors } from './visitors.ts'

test('a release that asks for visitors gets them through its gateway while it is judged, and none afterwards', async () => {
  const paths: string[] = []
  const service = createServer((request, response) => { paths.push(`${request.url} ${request.headers['user-agent']}`); response.end() })
  await new Promise<void>(resolve => { service.listen(0, '127.0.0.1', resolve) })
  const [clock, store] = [virtualClock(), openMemoryStore()]
  const parsed = parseArtifact('releases', 'kind: release\nname: r\ndeployment: shop\ncluster: web\nto: web:2\nvisitors: {rate: 10, path: /products}')
  if (parsed.is === 'refused') throw new Error('the release is refused')
  const gateway: Gateway = { kind: 'gateways', name: 'shop/web/http', metadata: {}, port: { name: 'http', number: (service.address() as AddressInfo).port, type: 'http' }, sticky: 'none', virtual_hosts: [], routes: [] }
  const status = (phase: ReleaseStatus['phase']) => store.put('release-statuses', 'r', { name: 'r', deployment: 'shop', cluster: 'web', phase } as ReleaseStatus)
  await store.put('releases', 'r', parsed.value)
  await store.put('gateways', gateway.name, gateway)
  await status('ramping')

  const end = sendVisitors({ store, clock, host: () => '127.0.0.1' })
  await clock.advance(3000)
  for (let tries = 0; tries < 200 && paths.length < 20; tries++) await new Promise(resolve => setTimeout(resolve, 10))
  await status('promoted')
  await clock.advance(1000)
  const seen = paths.length
  await clock.advance(5000)
  await new Promise(resolve => setTimeout(resolve, 50))
  end()
  service.close()

  expect(seen).toBeGreaterThanOrEqual(20)
  expect(paths.length).toBeLessThanOrEqual(seen + 1)
  expect(new Set(paths)).toEqual(new Set(['/products vamp-visitors']))
})
