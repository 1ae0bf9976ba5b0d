/**
 * From one layout to the next: runtime commands, or a reload and why. Pure; the executor has no choices left.
 *
 * Order: `add` (new servers and the entries of new generations) must have gone well before `flip`, which is what requests
 * notice; `last` ends what nobody needs any more; `later` is for when no request can be between two look-ups of an old
 * generation. Servers that are leaving are deleted by whoever sees that they have no connections left.
 */
import type { GatewayTable } from '@vamp/model/routing/table'
import { byId, changes } from '@vamp/model/changed'
import type { Change } from '@vamp/model/changed'
import { gatewayFrontend, gatewayRaw, hostsFrontend } from './frontend.ts'
import { lazily } from './lazily.ts'
import type { LaidGateway, LaidServer, Layout, Slot } from './layout.ts'
import { slowStartOf, WAITING_SERVER } from './policy-lines.ts'
import { gatewayEntries, generationEntry, hostEntries, mapPaths } from './render.ts'
import { reloadReason } from './reload-reason.ts'
import type { FrontendPaths } from './frontend.ts'
import type { Entry } from './program.ts'

export type Step =
  | { readonly is: 'add-server'; readonly backend: string; readonly server: string; readonly address: string; readonly weight: 0 | 1; readonly slowStart?: string }
  | { readonly is: 'server-address'; readonly backend: string; readonly server: string; readonly address: string }
  | { readonly is: 'server-weight'; readonly backend: string; readonly server: string; readonly weight: 0 | 1 }
  | { readonly is: 'server-state'; readonly backend: string; readonly server: string; readonly state: 'ready' | 'maint' }
  | { readonly is: 'delete-server'; readonly backend: string; readonly server: string }
  | { readonly is: 'add-entries'; readonly map: string; readonly entries: readonly Entry[] }
  | { readonly is: 'set-entry'; readonly map: string; readonly key: string; readonly value: string; readonly before: string }
  | { readonly is: 'delete-entries'; readonly map: string; readonly keys: readonly string[] }

export type Plan =
  | { readonly is: 'nothing' }
  | {
      readonly is: 'runtime'; readonly add: readonly Step[]; readonly flip: readonly Step[]; readonly last: readonly Step[]; readonly later: readonly Step[]
      /** Nothing in `add` is such that HAProxy may refuse it, so `flip` need not wait for its answers. */
      readonly sure: boolean
    }
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
  return add.length + flip.length + last.length === 0 ? { is: 'nothing' } : { is: 'runtime', add, flip, last, later: gateways.later, sure: servers.first.length === 0 && gateways.sure }
}

/** Why the running process cannot carry the layout; empty if it can. What is the same object is not looked into. */
export function reloadReasons(previous: Layout, next: Layout, paths: FrontendPaths): string[] {
  const reasons = new Set<string>()
  const add = (more: readonly string[]) => { for (const reason of more) reasons.add(reason) }
  const gateways = changes(previous.gateways, next.gateways, byId)
  const ports = lazily(() => new Set(previous.gateways.map(({ table }) => table.port)))
  for (const { before, after } of gateways) if (after && before?.table !== after.table)
    if (!before || frontendText(before, paths) !== frontendText(after, paths)) add(gatewayReasons(before?.table, after.table, ports))
  const usual = lazily(() => new Set(previous.slots.map(linesKey)))
  for (const { before, after } of changes(previous.slots, next.slots, byId))
    if (after && before?.lines !== after.lines && (!before || linesKey(before) !== linesKey(after))) add([slotReason(after, usual)])
  if (sharedChanged(previous, next, gateways) && hostsText(previous, paths) !== hostsText(next, paths)) add(hostsReasons(previous, next))
  // A listener that is shut down at run time keeps its socket, for the next worker, and connections to it would hang.
  const moved = gateways.flatMap(({ before, after }) => before && before.table.port !== after?.table.port ? [before.table.port] : [])
  for (const port of moved) if (!next.gateways.some(({ table }) => table.port === port)) reasons.add(reloadReason.portClosed(port))
  return [...reasons]
}

const linesKey = ({ mode, lines }: Slot) => [mode, ...lines].join('\n')

/** What is laid out now was the next layout once; its text is known from then. */
const texts = new WeakMap<LaidGateway, { readonly generations: string; readonly text: string }>()

function frontendText(laid: LaidGateway, paths: FrontendPaths): string {
  const known = texts.get(laid)
  if (known?.generations === paths.generations) return known.text
  const text = [laid.table.mode, ...gatewayFrontend(laid.id, laid.table, paths, '')].join('\n')
  texts.set(laid, { generations: paths.generations, text })
  return text
}

const hostsText = ({ virtual_hosts: hosts, gateways }: Layout, paths: FrontendPaths): string => hosts ? hostsFrontend(hosts.address, hosts.port, gateways, paths, '').join('\n') : ''

/** May the shared listener be another one? Only gateways with virtual hosts that have something special are told in it. */
function sharedChanged(previous: Layout, next: Layout, gateways: readonly Change<LaidGateway>[]): boolean {
  if (JSON.stringify(previous.virtual_hosts) !== JSON.stringify(next.virtual_hosts)) return true
  return next.virtual_hosts !== undefined && gateways.some(({ before, after }) => before?.table !== after?.table && sharedPart(before) !== sharedPart(after))
}

function sharedPart(laid: LaidGateway | undefined): string {
  if (!laid || laid.table.virtual_hosts.length === 0) return ''
  const { mode, port, policy, smooth, split, routes } = laid.table
  return JSON.stringify([mode, policy?.tls?.redirect_http ? port : 0, smooth, split, gatewayRaw(laid.table), routes.some(({ mirror }) => mirror)])
}

function gatewayReasons(before: GatewayTable | undefined, after: GatewayTable, portsBefore: () => ReadonlySet<number>): string[] {
  if (!before && portsBefore().has(after.port)) return [reloadReason.portPasses(after.port, after.name)]
  if (!before || before.port !== after.port) return [reloadReason.newPort(after.port)]
  const reasons = [
    ...(before.mode !== after.mode ? [reloadReason.mode(after.name, after.mode)] : []),
    ...(gatewayRaw(before).join('\n') !== gatewayRaw(after).join('\n') ? [reloadReason.rawCondition(after.name)] : []),
    ...(JSON.stringify(before.split) !== JSON.stringify(after.split) ? [reloadReason.split(after.name)] : []),
    ...(JSON.stringify(before.policy?.tls) !== JSON.stringify(after.policy?.tls) ? [reloadReason.certificate(after.name)] : []),
    ...(before.smooth !== after.smooth ? [reloadReason.turns(after.name)] : []),
    ...(JSON.stringify(before.policy) !== JSON.stringify(after.policy) ? [reloadReason.policy(after.name)] : []),
  ]
  return reasons.length > 0 ? reasons : [reloadReason.frontend(after.name)]
}

function slotReason(slot: Slot, usual: () => ReadonlySet<string>): string {
  const route = slot.owner ? `${slot.owner.gateway} ${slot.owner.route}` : slot.id
  return usual().has(linesKey(slot)) ? reloadReason.sparesUsed() : reloadReason.backend(route)
}

function hostsReasons(previous: Layout, next: Layout): string[] {
  const [before, after] = [previous.virtual_hosts, next.virtual_hosts]
  if (before && !after) return [reloadReason.sharedOff()]
  if (after && (before?.port !== after.port || before.address !== after.address)) return [reloadReason.sharedPort(after.port)]
  return [reloadReason.sharedFrontend()]
}

interface GatewaySteps { readonly add: Step[]; readonly flip: Step[]; readonly close: Step[]; readonly later: Step[]; /** No pattern is added that HAProxy has to compile. */ sure: boolean }

function gatewaySteps(previous: Layout, next: Layout, paths: FrontendPaths): GatewaySteps {
  const steps: GatewaySteps = { add: [], flip: [], close: [], later: [], sure: true }
  for (const { before: old, after: laid } of changes(previous.gateways, next.gateways, byId)) {
    if (!old || !laid) continue
    if (next.virtual_hosts) hostSteps(old, laid, paths, steps)
    if (old.generation === laid.generation) continue
    // Some entries are of the backend, not of the generation: they stay what they are.
    const [now, then] = [gatewayEntries(laid, next, paths), gatewayEntries(old, previous, paths)]
    for (const [map, entries] of now) {
      const added = without(entries, then.get(map) ?? [])
      if (added.length > 0) steps.add.push({ is: 'add-entries', map, entries: added })
    }
    if (laid.table.routes.some(({ condition }) => condition !== undefined)) steps.sure = false
    const [key, value] = generationEntry(laid)
    steps.flip.push({ is: 'set-entry', map: paths.generations, key, value, before: generationEntry(old)[1] })
    for (const [map, entries] of then) forget(map, without(entries, now.get(map) ?? []), steps.later)
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

function without(entries: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  const known = new Set(others.map(([key]) => key))
  return entries.filter(([key]) => !known.has(key))
}

function forget(map: string, entries: readonly Entry[], into: Step[]): void {
  if (entries.length > 0) into.push({ is: 'delete-entries', map, keys: entries.map(([key]) => key) })
}

interface ServerSteps { readonly first: Step[]; readonly last: Step[] }

function serverSteps(previous: Layout, next: Layout): ServerSteps {
  const steps: ServerSteps = { first: [], last: [] }
  for (const { before: old, after: slot } of changes(previous.slots, next.slots, byId)) {
    if (!slot) continue
    for (const [server, wanted] of Object.entries(slot.servers)) oneServer(slot, server, old?.servers[server], wanted, steps)
    if (slot.vacant !== undefined && slot.vacant !== old?.vacant) {
      const moment = slot.vacant ? steps.first : steps.last
      moment.push({ is: 'server-state', backend: slot.id, server: WAITING_SERVER, state: slot.vacant ? 'ready' : 'maint' })
    }
  }
  return steps
}

function oneServer({ id: backend, lines }: Slot, server: string, old: LaidServer | undefined, wanted: LaidServer, steps: ServerSteps): void {
  const weight = wanted.state === 'ready' ? 1 : 0
  if (wanted.state === 'leaving') {
    if (!old || old.state === 'leaving') return
    steps.last.push({ is: 'server-state', backend, server, state: 'maint' })
    return
  }
  if (!old) {
    const slowStart = slowStartOf(lines)
    steps.first.push({ is: 'add-server', backend, server, address: wanted.address, weight, ...(slowStart === undefined ? {} : { slowStart }) })
    return
  }
  const moment = weight === 1 ? steps.first : steps.last
  if (old.address !== wanted.address) moment.push({ is: 'server-address', backend, server, address: wanted.address })
  if (old.state !== wanted.state) moment.push({ is: 'server-weight', backend, server, weight })
  if (old.state === 'leaving') moment.push({ is: 'server-state', backend, server, state: 'ready' })
}

/** What takes steps of `add` and `flip` back, the last one first, when one of them was refused; what was not there yet does not mind. */
export function undo(steps: readonly Step[]): Step[] {
  return steps.toReversed().flatMap((step): Step[] => {
    if (step.is === 'set-entry') return [{ ...step, value: step.before, before: step.value }]
    if (step.is === 'add-entries') return [{ is: 'delete-entries', map: step.map, keys: step.entries.map(([key]) => key) }]
    if (step.is !== 'add-server') return []
    const { backend, server } = step
    return [{ is: 'server-state', backend, server, state: 'maint' }, { is: 'delete-server', backend, server }]
  })
}
