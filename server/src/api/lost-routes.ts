/** Routes that lead nowhere are taken, as a route may be written before its service; but whoever writes one is told, with the name that was meant. */
import { slipOf } from '@vamp/model/parse/near'
import { resolveTarget } from '@vamp/model/routing/route-target'
import type { Draft } from './draft.ts'
import { pathsOf } from './gateway-ways.ts'

/** Of the gateways of the write, with all that the write brings. */
export async function noteLostRoutes(draft: Draft): Promise<void> {
  const written = new Set(draft.writes.flatMap(({ do: verb, kind, name }) => verb === 'put' && kind === 'gateways' ? [name] : []))
  if (written.size === 0) return
  const [gateways, deployments] = await Promise.all([draft.list('gateways'), draft.list('deployments')])
  const targets = { gateways: new Set(gateways.map(({ name }) => name)), deployments: new Map(deployments.map(each => [each.name, each])), statuses: new Map<string, never>() }
  for (const gateway of gateways) {
    if (!written.has(gateway.name)) continue
    for (const path of await pathsOf(draft, gateway)) {
      const { problem } = resolveTarget(path, targets)
      if (problem === undefined) continue
      const there = [...targets.gateways].filter(name => name !== gateway.name)
      const meant = slipOf(path, [...deployments.flatMap(({ name, clusters }) => clusters.flatMap(cluster => cluster.services.flatMap(({ breed }) => breed.ports.map(port => `${name}/${cluster.name}/${breed.name}/${port.name}`)))), ...there])
      draft.note('gateways', gateway.name, `${problem.replace(/\.$/, '')}${meant === undefined ? '' : `; did you mean '${meant}'?`}${meant === undefined ? ': r' : ' R'}equests that take it get 503.`)
    }
  }
}
