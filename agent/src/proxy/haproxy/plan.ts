/**
 * From one layout to the next: runtime commands, or a reload and why. Pure; the executor has no choices left.
 *
 * Order: `add` (new servers and the entries of new generations) must have gone well before `flip`, which is what requests
 * notice; `last` ends what nobody needs any more; `later` is for when no request can be between two look-ups of an old
 * generation. Servers that are leaving are deleted by whoever sees that they have no connections left.
 */
import { gatewayRaw } from './frontend.ts'
import type { LaidGateway, LaidServer, Layout, Slot } from './layout.ts'
import { WAITING_SERVER } from './policy-lines.ts'
import { frameSections, gatewayEntries, generationEntry, hostEntries, mapPaths } from './render.ts'
import type { FrontendPaths } from './frontend.ts'
import type { Entry } from './program.ts'

export type Step =
  | { readonly is: 'add-server'; readonly backend: string; readonly server: string; readonly address: string; readonly weight: 0 | 1 }
  | { readonly is: 'server-address'; readonly backend: string; readonly server: string; readonly address: string }
  | { readonly is: 'server-weight'; readonly backend: string; readonly server: string; readonly weight: 0 | 1 }
  | { readonly is: 'server-state'; readonly backend: string; readonly server: string; readonly state: 'ready' | 'maint' }
  | { readonly is: 'delete-server'; readonly backend: string; readonly server: string }
  | { readonly is: 'add-entries'; readonly map: string; readonly entries: readonly Entry[] }
  | { readonly is: 'set-entry'; readonly map: string; readonly key: string; readonly value: string }
  | { readonly is: 'delete-entries'; readonly map: string; readonly keys: readonly string[] }

export type Plan =
  | { readonly is: 'nothing' }
  | { readonly is: 'runtime'; readonly add: readonly Step[]; readonly flip: readonly Step[]; readonly last: readonly Step[]; readonly later: readonly Step[] }
  | { readonly is: 'reload'; readonly reasons: readonly string[] }

/** What makes `next` of `previous`. Both are layouts of the same maps directory. */
export function plan(previous: Layout, next: Layout, maps: string): Plan {
  const paths = mapPaths(maps)
  const reasons = reloadReasons(previous, next, paths)
  if (reasons.length > 0) return { is: 'reload', reasons }
  const gateways = gatewaySteps(previous, next, paths)
  const servers = serverSteps(previous, next)
  const add = [...servers.first, ...gateways.add]
  const flip = gateways.flip
  const last = [...servers.last, ...gateways.close]
  return add.length + flip.length + last.length === 0 ? { is: 'nothing' } : { is: 'runtime', add, flip, last, later: gateways.later }
}

/** Why the running process cannot carry the layout; empty if it can. */
export function reloadReasons(previous: Layout, next: Layout, paths: FrontendPaths): string[] {
  const before = frameSections(previous, paths)
  const reasons = new Set<string>()
  for (const [title, lines] of frameSections(next, paths)) {
    if (before.get(title)?.join('\n') === lines.join('\n')) continue
    const laid = next.gateways.find(each => title.startsWith(`frontend ${each.id} `))
    const slot = next.slots.find(each => title.startsWith(`backend ${each.id} `))
    for (const reason of laid ? gatewayReasons(previous, laid)
      : slot ? [slotReason(previous, slot)] : hostsReasons(previous, next)) reasons.add(reason)
  }
  // A listener that is shut down at run time keeps its socket, for the next worker, and connections to it would hang.
  for (const { table: { port } } of previous.gateways) if (!next.gateways.some(({ table }) => table.port === port)) reasons.add(`port ${port} closed`)
  if (previous.virtual_hosts && !next.virtual_hosts) reasons.add('virtual hosts switched off')
  return [...reasons]
}

function gatewayReasons(previous: Layout, laid: LaidGateway): string[] {
  const after = laid.table
  const before = previous.gateways.find(each => each.id === laid.id)?.table
  if (!before && previous.gateways.some(each => each.table.port === after.port)) return [`port ${after.port} passes to gateway ${after.name}`]
  if (!before || before.port !== after.port) return [`new port ${after.port}`]
  const reasons = [
    ...(before.address !== after.address ? [`gateway ${after.name} listens on ${after.address}`] : []),
    ...(before.mode !== after.mode ? [`gateway ${after.name} speaks ${after.mode}`] : []),
    ...(gatewayRaw(before).join('\n') !== gatewayRaw(after).join('\n') ? [`raw condition in gateway ${after.name}`] : []),
    ...(JSON.stringify(before.split) !== JSON.stringify(after.split) ? [`split of gateway ${after.name}`] : []),
    ...(before.smooth !== after.smooth ? [`turns of gateway ${after.name}`] : []),
    ...(JSON.stringify(before.policy) !== JSON.stringify(after.policy) ? [`policy of gateway ${after.name}`] : []),
  ]
  return reasons.length > 0 ? reasons : [`frontend of gateway ${after.name}`]
}

function slotReason(previous: Layout, slot: Slot): string {
  const usual = previous.slots.some(each => each.lines.join('\n') === slot.lines.join('\n') && each.mode === slot.mode)
  const route = slot.owner ? `${slot.owner.gateway} ${slot.owner.route}` : slot.id
  return usual ? 'spare backends used up' : `balance, rewrite or policy of route ${route}`
}

function hostsReasons(previous: Layout, next: Layout): string[] {
  const [before, after] = [previous.virtual_hosts, next.virtual_hosts]
  if (after && (before?.port !== after.port || before.address !== after.address)) return [`new port ${after.port} for virtual hosts`]
  return ['raw condition behind virtual hosts']
}

interface GatewaySteps { readonly add: Step[]; readonly flip: Step[]; readonly close: Step[]; readonly later: Step[] }

function gatewaySteps(previous: Layout, next: Layout, paths: FrontendPaths): GatewaySteps {
  const steps: GatewaySteps = { add: [], flip: [], close: [], later: [] }
  const before = new Map(previous.gateways.map(laid => [laid.id, laid]))
  for (const laid of next.gateways) {
    const old = before.get(laid.id)
    if (!old || old === laid) continue
    if (next.virtual_hosts) hostSteps(old, laid, paths, steps)
    if (old.generation === laid.generation) continue
    for (const [map, entries] of gatewayEntries(laid, next, paths))
      if (entries.length > 0) steps.add.push({ is: 'add-entries', map, entries })
    const [key, value] = generationEntry(laid)
    steps.flip.push({ is: 'set-entry', map: paths.generations, key, value })
    for (const [map, entries] of gatewayEntries(old, previous, paths)) forget(map, entries, steps.later)
  }
  return steps
}

function hostSteps(old: LaidGateway, laid: LaidGateway, paths: FrontendPaths, steps: GatewaySteps): void {
  const [before, after] = [hostEntries(old), hostEntries(laid)]
  const added = after.filter(([host]) => !before.some(([each]) => each === host))
  if (added.length > 0) steps.flip.push({ is: 'add-entries', map: paths.hosts, entries: added })
  const keys = before.map(([host]) => host).filter(host => !after.some(([each]) => each === host))
  if (keys.length > 0) steps.close.push({ is: 'delete-entries', map: paths.hosts, keys })
}

function forget(map: string, entries: readonly Entry[], into: Step[]): void {
  if (entries.length > 0) into.push({ is: 'delete-entries', map, keys: entries.map(([key]) => key) })
}

interface ServerSteps { readonly first: Step[]; readonly last: Step[] }

function serverSteps(previous: Layout, next: Layout): ServerSteps {
  const steps: ServerSteps = { first: [], last: [] }
  const before = new Map(previous.slots.map(slot => [slot.id, slot]))
  for (const slot of next.slots) {
    const old = before.get(slot.id)
    if (old === slot) continue
    for (const [server, wanted] of Object.entries(slot.servers)) oneServer(slot.id, server, old?.servers[server], wanted, steps)
    if (slot.vacant !== undefined && slot.vacant !== old?.vacant) {
      const moment = slot.vacant ? steps.first : steps.last
      moment.push({ is: 'server-state', backend: slot.id, server: WAITING_SERVER, state: slot.vacant ? 'ready' : 'maint' })
    }
  }
  return steps
}

function oneServer(backend: string, server: string, old: LaidServer | undefined, wanted: LaidServer, steps: ServerSteps): void {
  const weight = wanted.state === 'ready' ? 1 : 0
  if (wanted.state === 'leaving') {
    if (!old || old.state === 'leaving') return
    steps.last.push({ is: 'server-state', backend, server, state: 'maint' })
    return
  }
  if (!old) {
    steps.first.push({ is: 'add-server', backend, server, address: wanted.address, weight })
    return
  }
  const moment = weight === 1 ? steps.first : steps.last
  if (old.address !== wanted.address) moment.push({ is: 'server-address', backend, server, address: wanted.address })
  if (old.state !== wanted.state) moment.push({ is: 'server-weight', backend, server, weight })
  if (old.state === 'leaving') moment.push({ is: 'server-state', backend, server, state: 'ready' })
}

/** What takes the `add` steps back when one of them was refused; what was not there yet does not mind. */
export function undo(add: readonly Step[]): Step[] {
  return add.flatMap((step): Step[] => {
    if (step.is === 'add-entries') return [{ is: 'delete-entries', map: step.map, keys: step.entries.map(([key]) => key) }]
    if (step.is !== 'add-server') return []
    const { backend, server } = step
    return [{ is: 'server-state', backend, server, state: 'maint' }, { is: 'delete-server', backend, server }]
  })
}
