/** A change of one gateway among many looks into that one only, in everything that the driver does for it. */
import { byName, replaced } from '@vamp/model/changed'
import { FULL_SHARE, type GatewayTable, type RoutingTable } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { silent } from '../../base/log.ts'
import { openOutliers } from '../outliers.ts'
import { contractGateway } from '../testdata/contract-world.ts'
import { addressBook } from './addresses.ts'
import { openCertificateFiles } from './certificate-files.ts'
import { heldRoutes } from './held-routes.ts'
import { compact, EMPTY, layOut } from './layout.ts'
import { logNames } from './log-names.ts'
import { plan } from './plan.ts'

test('nobody looks into a gateway that stays what it is', async () => {
  const looked = new Set<string>()
  const watched = (gateway: GatewayTable) => new Proxy(gateway, { get(target, key) { looked.add(target.name); return Reflect.get(target, key) as unknown } })
  const policy = { hold: { time: 5, maximum: 10 }, circuit_breaker: { consecutive_errors: 5, eject: 30, max_ejected: 50 } }
  const gateway = (at: number, weight: number) => {
    const made = contractGateway(`g${at}`, 9_000 + at, { a: { weight, to: [{ id: 'a', host: '10.0.0.1', port: 80, state: 'ready' }] }, b: { weight: FULL_SHARE - weight, to: [] } })
    return watched({ ...made, routes: made.routes.map(route => ({ ...route, policy })) })
  }
  let table: RoutingTable = { revision: 1, gateways: Array.from({ length: 300 }, (_, at) => gateway(at, 5_000)) }
  let layout = compact(layOut(EMPTY, table))
  let names = logNames(layout, EMPTY, { gateways: [], backends: [] })
  const [held, addressed, outliers, certificates] = [heldRoutes(), addressBook(host => Promise.resolve(host), silent), openOutliers(), openCertificateFiles({ directory: '/nowhere', log: silent })]
  held(layout)
  /** What happens to a table on its way to HAProxy. */
  const carry = async (at: number, weight: number) => {
    table = { revision: table.revision + 1, gateways: replaced(table.gateways, new Map([[`g${at}`, gateway(at, weight)]]), byName) }
    looked.clear()
    outliers.watch(table)
    await certificates.prepare(table)
    const next = layOut(layout, await addressed(table))
    const decided = plan(layout, next, '/m')
    names = logNames(next, layout, names)
    layout = next
    expect(held(layout).size).toBe(600)
    return [decided.is, ...looked]
  }
  await carry(7, 2_000)

  expect(await carry(123, 3_000)).toEqual(['runtime', 'g123'])
  expect(names.gateways[124]).toMatchObject({ gateway: 'g123' })
})
