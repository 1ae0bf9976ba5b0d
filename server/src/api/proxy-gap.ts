/** What the proxies that are there cannot carry is refused when it is written, with their reason. */
import { gatewayGap } from '@vamp/agent/proxy/gateway-gap'
import type { Gateway } from '@vamp/model/gateway'
import type { Policy } from '@vamp/model/policy'
import type { Problem } from '@vamp/model/problem'
import { buildTable } from '@vamp/model/routing/build-table'
import { policyGap } from '@vamp/model/routing/policy-gap'
import type { Draft } from './draft.ts'
import { withLookup } from './lookups.ts'
import { Refused } from './refused.ts'
import type { World } from './world.ts'

/** Throws `Refused`. Gateways that the write does not change are not asked about. */
export async function demandCarriable({ fleet, config }: Pick<World, 'fleet' | 'config'>, draft: Draft): Promise<void> {
  const written = draft.writes.flatMap(each => each.do === 'put' && (each.kind === 'gateways' || each.kind === 'policies') ? [each] : [])
  const drivers = [...new Set(fleet.reports().map(({ driver }) => driver))].filter(driver => driver !== 'memory')
  if (written.length === 0 || drivers.length === 0) return
  const kept = new Set(draft.plan.changes.filter(change => change.do === 'keep').map(({ kind, name }) => `${kind}\n${name}`))
  const problems: Problem[] = []
  for (const { kind, name, value } of written) {
    if (kept.has(`${kind}\n${name}`)) continue
    for (const driver of drivers) {
      const gap = kind === 'policies' ? policyGap({ driver, mode: 'http', level: 'gateway' }, value as Policy) : await gapOf(driver, value as Gateway)
      if (gap !== undefined) problems.push({ code: 'UnsupportedByProxyError', message: `The ${driver === 'haproxy' ? 'HAProxy' : driver} proxy cannot carry '${name}': ${gap}.`, path: '', document: { kind, name } })
    }
  }
  if (problems.length > 0) throw new Refused(problems)

  async function gapOf(driver: (typeof drivers)[number], gateway: Gateway): Promise<string | undefined> {
    // A port that is found later is no concern here.
    const placed = gateway.port.number > 0 ? gateway : { ...gateway, port: { ...gateway.port, number: 1 } }
    const { table } = await withLookup(draft, lookup => buildTable({
      gateways: [placed], deployments: [], statuses: [], revision: 1, address: config.gatewayAddress,
      lookupPolicy: name => lookup('policies', name) as Policy | undefined, lookupCondition: name => lookup('conditions', name) as never,
      lookupRoute: name => lookup('routes', name) as never, lookupRewrite: name => lookup('rewrites', name) as never,
    }))
    const [built] = table.gateways
    return built && gatewayGap(driver, built, fleet.table.virtual_hosts !== undefined)
  }
}
