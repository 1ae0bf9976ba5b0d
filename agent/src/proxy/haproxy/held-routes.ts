/** The routes of a layout whose requests wait when they have no instance, by backend. */
import type { Layout } from './layout.ts'
import { loopback } from './server.ts'
import type { HeldRoute } from './waiting-room.ts'

export function heldRoutes({ slots, gateways }: Layout): ReadonlyMap<string, HeldRoute> {
  const held = new Map<string, HeldRoute>()
  if (!slots.some(({ vacant }) => vacant !== undefined)) return held
  const vacant = new Map(slots.map(slot => [slot.id, slot.vacant]))
  for (const { table, slots: taken } of gateways) for (const [index, { path, policy }] of table.routes.entries()) {
    const backend = taken[index]
    const its = backend === undefined ? undefined : vacant.get(backend)
    if (backend === undefined || its === undefined || !policy?.hold) continue
    held.set(backend, { gateway: table.name, route: path, vacant: its, ...policy.hold, host: loopback(table.address), port: table.port, secure: table.policy?.tls !== undefined })
  }
  return held
}
