/**
 * What HAProxy carries for a routing table: which frontend a gateway has, which backend a route has, which servers are in it.
 * Plain data, so that it can be kept as JSON beside the configuration and compared with what the next table needs.
 *
 * The idea: frontends and backends cannot be made at run time, everything else can. So backends are numbered slots of a
 * pool with spares; a route takes one. What a gateway does with a request is its program (see `program.ts`): map entries
 * under a generation number. A change writes the entries of a new generation and then flips the number, which is one command.
 */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'
import { backendLines, spareLines } from './backend.ts'
import { requireFrontend } from './frontend.ts'
import type { Abilities } from './frontend.ts'
import { gatewayProgram, generationsOf } from './program.ts'
import { WAITING_SERVER } from './policy-lines.ts'
import { endpointServers } from './server.ts'
import type { ServerState } from './server.ts'

export interface Layout {
  readonly revision: number
  readonly virtual_hosts?: RoutingTable['virtual_hosts']
  readonly gateways: readonly LaidGateway[]
  readonly slots: readonly Slot[]
  /** The generation that was given out last. */
  readonly generation: number
}

export interface LaidGateway {
  /** Name of its frontend: `g1`. */
  readonly id: string
  readonly table: GatewayTable
  readonly generation: number
  /** Slot of each route, in the order of the routes. */
  readonly slots: readonly string[]
}

/** One backend of the pool. */
export interface Slot {
  /** Name of the backend: `b1`. */
  readonly id: string
  readonly mode: 'http' | 'tcp'
  /** What the configuration says in it besides its servers. */
  readonly lines: readonly string[]
  readonly owner?: { readonly gateway: string; readonly route: string }
  /** Left by its route; free when its last server is gone. */
  readonly resting: boolean
  readonly servers: Readonly<Record<string, LaidServer>>
  /** Of a route that holds its requests: it has no instance, so they go to the waiting room. */
  readonly vacant?: boolean
}

export interface LaidServer {
  /** Endpoint id. */
  readonly id: string
  /** As HAProxy writes it: `127.0.0.1:80`, `[::1]:80`. */
  readonly address: string
  readonly state: ServerState
}

/** Backends that wait for new routes; 11 kB each. */
export const SPARE_HTTP = 32
export const SPARE_TCP = 8
/** Generations are numbers of 18 bits: with the 14 bits of a share they are an IPv4 address. */
export const GENERATIONS = 2 ** 18

export const EMPTY: Layout = { revision: 0, gateways: [], slots: [], generation: 0 }

/**
 * The layout that the table needs, as close to the previous one as it can be. Slots that had to be made or changed cost a reload.
 * A gateway that is the same object as before is laid out as before, without a look into it: a change costs what it changes.
 */
export function layOut(previous: Layout, table: RoutingTable, abilities: Abilities = { countries: false }): Layout {
  const wanted = new Map(table.gateways.map(gateway => [gateway.name, gateway]))
  const open = new Map(previous.gateways.map(laid => [laid.table.name, laid]))
  const sharing = table.virtual_hosts !== undefined
  const sameHosts = sharing === (previous.virtual_hosts !== undefined)
  const unchanged = (name: string) => sameHosts && open.get(name)?.table === wanted.get(name) && !leadsToGateways(wanted.get(name))
  const pool = slotPool(previous, wanted, unchanged)
  const freeGateway = numbered('g', previous.gateways.map(laid => laid.id))
  const generations = generationPool(previous)
  const gateways = table.gateways.map((gateway): LaidGateway => {
    const before = open.get(gateway.name)
    if (before && unchanged(gateway.name)) return before
    return inGateway(gateway.name, () => {
      requireFrontend(gateway, sharing, abilities)
      const slots = gateway.routes.map(route => pool.take(gateway, route, table))
      const laid = { id: before?.id ?? freeGateway(), table: gateway, slots, generation: before?.generation ?? 0 }
      const same = before ? sameProgram(before, laid) : !gatewayProgram(laid)
      return same ? laid : { ...laid, generation: generations.take(generationsOf(gateway)) }
    })
  })
  return {
    revision: table.revision, gateways, slots: pool.slots(), generation: generations.last(),
    ...(table.virtual_hosts ? { virtual_hosts: table.virtual_hosts } : {}),
  }
}

/** Its servers are the addresses of other gateways, so others' changes are its own. */
const leadsToGateways = (gateway: GatewayTable | undefined): boolean => gateway?.routes.some(({ target }) => target.is === 'gateway') ?? false

/** Numbers that no gateway has, one after the other and around. */
function generationPool(previous: Layout): { take(count: number): number; last(): number } {
  let last = previous.generation
  const taken: { readonly from: number; readonly to: number }[] = []
  const conflict = (from: number, to: number) => {
    const own = taken.find(block => block.from < to && from < block.to)
    if (own) return own.to
    const laid = previous.gateways.find(({ generation, table }) => generation < to && generation > 0 && from < generation + generationsOf(table))
    return laid && laid.generation + generationsOf(laid.table)
  }
  return {
    last: () => last,
    take(count) {
      let first = last + 1
      for (let after: number | undefined = first; after !== undefined;) {
        if (first + count > GENERATIONS) first = 1
        after = conflict(first, first + count)
        first = after ?? first
      }
      taken.push({ from: first, to: first + count })
      last = first + count - 1
      return first
    },
  }
}

/** The layout as a fresh process may carry it: nothing that is resting or leaving, and spares for what comes. */
export function compact(layout: Layout): Layout {
  const slots = layout.slots.filter(slot => slot.owner).map(slot => ({
    ...slot, servers: Object.fromEntries(Object.entries(slot.servers).filter(([, server]) => server.state !== 'leaving')),
  }))
  const freeSlot = numbered('b', slots.map(slot => slot.id))
  const spares = (mode: 'http' | 'tcp', count: number): Slot[] =>
    Array.from({ length: count }, () => ({ id: freeSlot(), mode, lines: spareLines(mode), resting: false, servers: {} }))
  return {
    ...layout,
    slots: [...slots, ...spares('http', SPARE_HTTP), ...spares('tcp', SPARE_TCP)],
  }
}

/** The layout without a server that HAProxy has deleted; a slot that rests without servers is free again. */
export function withoutServer(layout: Layout, slotId: string, name: string): Layout {
  return { ...layout, slots: layout.slots.map(slot => {
    if (slot.id !== slotId) return slot
    const { [name]: gone, ...servers } = slot.servers
    return gone?.state === 'leaving' ? { ...slot, servers } : slot
  }) }
}

/** Slots that rest and have no servers. */
export const restingEmpty = (layout: Layout): string[] =>
  layout.slots.filter(slot => slot.resting && Object.keys(slot.servers).length === 0).map(slot => slot.id)

/** Makes slots free for new routes. */
export function withRested(layout: Layout, slotIds: readonly string[]): Layout {
  const rested = new Set(slotIds)
  return rested.size === 0 ? layout : { ...layout, slots: layout.slots.map(slot => rested.has(slot.id) ? { ...slot, resting: false } : slot) }
}

/** Adds the gateway to a refusal. */
function inGateway<T>(gateway: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    throw new Fault(cause.code, cause.message, { ...cause.facts, gateway }, { cause })
  }
}

function sameProgram(before: LaidGateway, after: LaidGateway): boolean {
  if (before.table === after.table && before.slots.join() === after.slots.join()) return true
  return JSON.stringify(gatewayProgram(before)) === JSON.stringify(gatewayProgram(after))
}

interface SlotPool {
  take(gateway: GatewayTable, route: GatewayTable['routes'][number], table: RoutingTable): string
  slots(): readonly Slot[]
}

function slotPool(previous: Layout, wanted: ReadonlyMap<string, GatewayTable>, unchanged: (gateway: string) => boolean): SlotPool {
  const slots = new Map(previous.slots.map(slot => [slot.id, slot]))
  const freeSlot = numbered('b', slots.keys())
  const owned = new Map<string, Slot>()
  const ownerKey = (gateway: string, route: string) => JSON.stringify([gateway, route])
  for (const slot of previous.slots) {
    if (!slot.owner || unchanged(slot.owner.gateway)) continue
    const { gateway, route } = slot.owner
    const table = wanted.get(gateway)
    const still = table?.routes.find(candidate => candidate.path === route)
    const lines = table && still ? inGateway(gateway, () => backendLines(table, still)) : undefined
    if (lines && lines.join('\n') === slot.lines.join('\n')) owned.set(ownerKey(gateway, route), slot)
    else slots.set(slot.id, rest(slot))
  }
  const free = (mode: string, lines: string) => {
    for (const slot of slots.values())
      if (!slot.owner && !slot.resting && slot.mode === mode && slot.lines.join('\n') === lines) return slot
    return undefined
  }
  return {
    take(gateway, route, table) {
      const lines = backendLines(gateway, route)
      const kept = owned.get(ownerKey(gateway.name, route.path)) ?? free(gateway.mode, lines.join('\n'))
      const slot: Slot = kept ?? { id: freeSlot(), mode: gateway.mode, lines, resting: false, servers: {} }
      slots.set(slot.id, {
        ...slot, owner: { gateway: gateway.name, route: route.path },
        servers: nextServers(slot.servers, endpointServers(route.target, table)),
        ...(holds(slot.lines) ? { vacant: route.target.is === 'endpoints' && !route.target.endpoints.some(({ state }) => state === 'ready') } : {}),
      })
      return slot.id
    },
    slots: () => [...slots.values()],
  }
}

/** Servers of endpoints that are gone stay, leaving, until HAProxy has let go of them. */
function nextServers(before: Slot['servers'], wanted: Slot['servers']): Slot['servers'] {
  const leaving = Object.fromEntries(Object.entries(before)
    .filter(([name]) => !(name in wanted)).map(([name, server]) => [name, { ...server, state: 'leaving' as const }]))
  return { ...leaving, ...wanted }
}

function rest(slot: Slot): Slot {
  return { id: slot.id, mode: slot.mode, lines: slot.lines, resting: true, servers: nextServers(slot.servers, {}), ...(holds(slot.lines) ? { vacant: false } : {}) }
}

/** Whether a backend with these lines has a server for what must wait. */
export const holds = (lines: readonly string[]): boolean => lines.some(line => line.includes(WAITING_SERVER))

/** Gives the lowest names `g1`, `g2` … that are not among `taken`. */
function numbered(letter: string, taken: Iterable<string>): () => string {
  const ids = new Set(taken)
  let number = 0
  return () => {
    do number++; while (ids.has(`${letter}${number}`))
    return `${letter}${number}`
  }
}
