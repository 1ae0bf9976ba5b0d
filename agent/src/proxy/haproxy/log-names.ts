/** What the numbers in the log mean under a layout. A slot that rests keeps its meaning: its last requests are still on their way. */
import type { Place } from '../samples.ts'
import { byId, changes, placed } from '@vamp/model/changed'
import type { Layout, Slot } from './layout.ts'
import { nameHash } from './log-line.ts'
import type { LogBackend, LogNames } from './log-line.ts'

/** `names` is what they meant under `before`. What means the same keeps its object. */
export function logNames(layout: Layout, before: Pick<Layout, 'gateways' | 'slots'>, names: LogNames): LogNames {
  const gateways = changes(before.gateways, layout.gateways, byId).map(({ before: old, after }) => {
    const number = numberOf(after ?? old)
    return [number, after && placeOf(after.table.name, names.gateways[number])] as const
  })
  const backends = changes(before.slots, layout.slots, byId).flatMap(({ after }) => {
    const number = numberOf(after)
    return after?.owner ? [[number, backendOf(after, after.owner, names.backends[number])] as const] : []
  })
  return { gateways: placed(names.gateways, new Map(gateways)), backends: placed(names.backends, new Map(backends)) }
}

const numberOf = (thing: { readonly id: string } | undefined) => Number(thing?.id.slice(1))
const placeOf = (gateway: string, old: Place | undefined): Place => old?.gateway === gateway ? old : { gateway, route: '', instance: '' }

function backendOf({ servers: now }: Slot, { gateway, route }: NonNullable<Slot['owner']>, old: LogBackend | undefined): LogBackend {
  const same = old?.route.gateway === gateway && old.route.route === route ? old : undefined
  if (same && Object.entries(now).every(([name, { id }]) => same.servers.get(nameHash(name))?.instance === id)) return same
  const servers = new Map(same ? [...same.servers].slice(-SERVERS_MAX) : [])
  for (const [name, { id }] of Object.entries(now)) {
    const hash = nameHash(name)
    const known = servers.get(hash)
    servers.delete(hash)
    servers.set(hash, known?.instance === id ? known : { gateway, route, instance: id })
  }
  return { route: same?.route ?? { gateway, route, instance: '' }, servers }
}

/** Servers of a route that are gone and still remembered. */
const SERVERS_MAX = 500
