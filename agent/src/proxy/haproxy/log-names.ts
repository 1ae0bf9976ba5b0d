/** What the numbers in the log mean under a layout. A slot that rests keeps its meaning: its last requests are still on their way. */
import { changes } from './changed.ts'
import type { Layout, Slot } from './layout.ts'
import { nameHash } from './log-line.ts'
import type { LogBackend, LogNames } from './log-line.ts'

/** `names` is what they meant under `before`. */
export function logNames(layout: Layout, before: Pick<Layout, 'gateways' | 'slots'>, names: LogNames): LogNames {
  const [gateways, backends] = [[...names.gateways], [...names.backends]]
  for (const { before: old, after } of changes(before.gateways, layout.gateways)) gateways[numberOf(after ?? old)] = after?.table.name
  for (const { after } of changes(before.slots, layout.slots)) if (after?.owner) backends[numberOf(after)] = backendOf(after, after.owner, backends[numberOf(after)])
  return { gateways, backends }
}

const numberOf = (thing: { readonly id: string } | undefined) => Number(thing?.id.slice(1))

function backendOf({ servers: now }: Slot, { gateway, route }: NonNullable<Slot['owner']>, old: LogBackend | undefined): LogBackend {
  const servers = new Map(old?.gateway === gateway && old.route === route ? [...old.servers].slice(-SERVERS_MAX) : [])
  for (const [name, server] of Object.entries(now)) {
    servers.delete(nameHash(name))
    servers.set(nameHash(name), server.id)
  }
  return { gateway, route, servers }
}

/** Servers of a route that are gone and still remembered. */
const SERVERS_MAX = 500
