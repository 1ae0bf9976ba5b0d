/** What the numbers in the log mean under a layout. A slot that rests keeps its meaning: its last requests are still on their way. */
import type { Layout, Slot } from './layout.ts'
import { nameHash } from './log-line.ts'
import type { LogBackend, LogNames } from './log-line.ts'

export function logNames(layout: Layout, before: LogNames): LogNames {
  const gateways: (string | undefined)[] = []
  for (const laid of layout.gateways) gateways[Number(laid.id.slice(1))] = laid.table.name
  const backends: (LogBackend | undefined)[] = []
  for (const slot of layout.slots) {
    const number = Number(slot.id.slice(1))
    const old = before.backends[number]
    if (old && told.get(slot) === old) {
      backends[number] = old
      continue
    }
    if (!slot.owner) {
      backends[number] = old
      continue
    }
    const same = old?.gateway === slot.owner.gateway && old.route === slot.owner.route
    const servers = new Map(same ? [...old.servers].slice(-SERVERS_MAX) : [])
    for (const [name, server] of Object.entries(slot.servers)) {
      servers.delete(nameHash(name))
      servers.set(nameHash(name), server.id)
    }
    const backend = { gateway: slot.owner.gateway, route: slot.owner.route, servers }
    backends[number] = backend
    told.set(slot, backend)
  }
  return { gateways, backends }
}

/** A slot that stays what it is keeps its meaning, without a look at its servers. */
const told = new WeakMap<Slot, LogBackend>()

/** Servers of a route that are gone and still remembered. */
const SERVERS_MAX = 500
