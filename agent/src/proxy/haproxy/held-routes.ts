/** The routes of a layout whose requests wait when they have no instance, by backend. */
import { byId, changes, withKey } from '@vamp/model/changed'
import type { LaidGateway, Layout } from './layout.ts'
import { loopback } from './server.ts'
import type { HeldRoute } from './waiting-room.ts'

/** Of one layout after the other; a change costs what it changes. */
export function heldRoutes(): (layout: Layout) => ReadonlyMap<string, HeldRoute> {
  const held = new Map<string, HeldRoute>()
  let seen: Layout['gateways'] = []
  return ({ slots, gateways }) => {
    const changed = changes(seen, gateways, byId)
    for (const { before } of changed) for (const backend of before?.slots ?? []) held.delete(backend)
    for (const { after } of changed) if (after) for (const [backend, route] of heldOf(after, slots)) held.set(backend, route)
    seen = gateways
    return held
  }
}

function heldOf({ table, slots: taken }: LaidGateway, slots: Layout['slots']): readonly (readonly [string, HeldRoute])[] {
  return table.routes.flatMap(({ path, policy }, index) => {
    const backend = taken[index]
    const vacant = backend === undefined || !policy?.hold ? undefined : withKey(slots, backend, byId)?.vacant
    if (backend === undefined || vacant === undefined || !policy?.hold) return []
    return [[backend, { gateway: table.name, route: path, vacant, ...policy.hold, host: loopback(table.address), port: table.port, secure: table.policy?.tls !== undefined }] as const]
  })
}
