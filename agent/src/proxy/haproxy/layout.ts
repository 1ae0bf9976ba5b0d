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
import { byId, differing, placed, replaced, withKey } from '@vamp/model/changed'
import { requireFrontend } from './frontend.ts'
import type { Abilities } from './frontend.ts'
import { lazily } from './lazily.ts'
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
  /** The highest that was ever given out; absent: not known. */
  readonly highest?: number
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

export const EMPTY: Layout = { revision: 0, gateways: [], slots: [], generation: 0, highest: 0 }

/**
 * The layout that the table needs, as close to the previous one as it can be. Slots that had to be made or changed cost a reload.
 * A gateway that is the same object as before is laid out as before, without a look into it: a change costs what it changes.
 */
export function layOut(previous: Layout, table: RoutingTable, abilities: Abilities = { countries: false }): Layout {
  const sharing = table.virtual_hosts !== undefined
  const { pairs, gone } = pairsOf(previous, table, sharing !== (previous.virtual_hosts !== undefined))
  const named = lazily(() => new Map(table.gateways.map(gateway => [gateway.name, gateway])))
  const pool = slotPool(previous, [...pairs.values(), ...gone.map(before => ({ before }))], name => named().get(name))
  const freeGateway = numbered('g', lazily(() => new Set(previous.gateways.map(laid => laid.id))))
  const generations = generationPool(previous)
  const laid = new Map([...pairs].map(([at, { before, after: gateway }]) => [at, inGateway(gateway.name, () => {
    requireFrontend(gateway, sharing, abilities)
    const slots = gateway.routes.map(route => pool.take(gateway, route))
    const next = { id: before?.id ?? freeGateway(), table: gateway, slots, generation: before?.generation ?? 0 }
    return sameProgram(before, next) ? next : { ...next, generation: generations.take(generationsOf(gateway)) }
  })]))
  const gateways = placed(previous.gateways.length > table.gateways.length ? previous.gateways.slice(0, table.gateways.length) : previous.gateways, laid)
  tables.set(gateways, table.gateways)
  return {
    revision: table.revision, gateways, slots: pool.slots(), generation: generations.last(), highest: generations.highest(),
    ...(table.virtual_hosts ? { virtual_hosts: table.virtual_hosts } : {}),
  }
}

interface GatewayPair { readonly before?: LaidGateway; readonly after?: GatewayTable }
type PlacedPair = GatewayPair & { readonly after: GatewayTable }

/** Of what gateways were laid out, as the list that it was. */
const tables = new WeakMap<Layout['gateways'], RoutingTable['gateways']>()

function tablesOf(gateways: Layout['gateways']): RoutingTable['gateways'] {
  const known = tables.get(gateways) ?? gateways.map(({ table }) => table)
  tables.set(gateways, known)
  return known
}

/** By place in the table, in its order: gateways that are looked into, with what they were; and those that are gone. */
function pairsOf(previous: Layout, { gateways }: RoutingTable, all: boolean): { readonly pairs: ReadonlyMap<number, PlacedPair>; readonly gone: readonly LaidGateway[] } {
  const old = tablesOf(previous.gateways)
  const [places, left]: [number[], Map<string, LaidGateway>] = [[], new Map()]
  for (const at of all ? Array(Math.max(gateways.length, old.length)).keys() : differing(old, gateways)) {
    const [before, after] = [previous.gateways[at], gateways[at]]
    if (before) left.set(before.table.name, before)
    if (after) places.push(at)
  }
  const pairs = new Map(places.map((at): [number, PlacedPair] => {
    const after = gateways[at] as GatewayTable
    const before = left.get(after.name)
    left.delete(after.name)
    return [at, before ? { before, after } : { after }]
  }))
  // The servers of who leads to gateways are the addresses of others, so others' moves are its own.
  if (left.size === 0 && [...pairs.values()].every(({ before, after }) => before && listens(before.table) === listens(after))) return { pairs, gone: [] }
  for (const [at, after] of gateways.entries()) if (!pairs.has(at) && leadsToGateways(after)) pairs.set(at, { before: previous.gateways[at] as LaidGateway, after })
  return { pairs: new Map([...pairs].sort(([a], [b]) => a - b)), gone: [...left.values()] }
}

const listens = ({ address, port, policy }: GatewayTable) => JSON.stringify([address, port, policy?.tls !== undefined])

const leadsToGateways = (gateway: GatewayTable): boolean => gateway.routes.some(({ target }) => target.is === 'gateway')

/** Numbers that no gateway has, one after the other and around. */
function generationPool(previous: Layout): { take(count: number): number; last(): number; highest(): number } {
  let last = previous.generation
  let highest = previous.highest ?? GENERATIONS
  const taken: { readonly from: number; readonly to: number }[] = []
  const conflict = (from: number, to: number) => {
    // Above all that were ever given out, nobody has one.
    if (from > highest) return undefined
    const own = taken.find(block => block.from < to && from < block.to)
    if (own) return own.to
    const laid = previous.gateways.find(({ generation, table }) => generation < to && generation > 0 && from < generation + generationsOf(table))
    return laid && laid.generation + generationsOf(laid.table)
  }
  return {
    last: () => last,
    highest: () => highest,
    take(count) {
      let first = last + 1
      for (let after: number | undefined = first; after !== undefined;) {
        if (first + count > GENERATIONS) first = 1
        after = conflict(first, first + count)
        first = after ?? first
      }
      taken.push({ from: first, to: first + count })
      last = first + count - 1
      highest = Math.max(highest, last)
      return first
    },
  }
}

/** The layout as a fresh process may carry it: nothing that is resting or leaving, and spares for what comes. */
export function compact(layout: Layout): Layout {
  const stays = ([, server]: [string, LaidServer]) => server.state !== 'leaving'
  const slots = layout.slots.filter(slot => slot.owner).map(slot => {
    const servers = Object.entries(slot.servers)
    return servers.every(stays) ? slot : { ...slot, servers: Object.fromEntries(servers.filter(stays)) }
  })
  const freeSlot = numbered('b', lazily(() => new Set(slots.map(slot => slot.id))))
  const spares = (mode: 'http' | 'tcp', count: number): Slot[] =>
    Array.from({ length: count }, () => ({ id: freeSlot(), mode, lines: spareLines(mode), resting: false, servers: {} }))
  return {
    ...layout,
    slots: [...slots, ...spares('http', SPARE_HTTP), ...spares('tcp', SPARE_TCP)],
  }
}

/** The layout without a server that HAProxy has deleted; a slot that rests without servers is free again. */
export function withoutServer(layout: Layout, slotId: string, name: string): Layout {
  const slot = withKey(layout.slots, slotId, byId)
  if (slot?.servers[name]?.state !== 'leaving') return layout
  const { [name]: _gone, ...servers } = slot.servers
  return { ...layout, slots: replaced(layout.slots, new Map([[slotId, { ...slot, servers }]]), byId) }
}

/** Is there something that ends by itself: servers that are leaving, a route's slot that rests? */
export const restless = (slot: Slot): boolean => slot.resting || Object.values(slot.servers).some(({ state }) => state === 'leaving')

/** Does it rest, with servers that still take what is in it? */
export const finishing = (slot: Slot): boolean => slot.resting && Object.values(slot.servers).some(({ state }) => state !== 'leaving')

/** A slot that rests has nothing in it any more: its servers leave. */
export function withFinished(layout: Layout, slotId: string): Layout {
  const slot = withKey(layout.slots, slotId, byId)
  return slot && finishing(slot) ? { ...layout, slots: replaced(layout.slots, new Map([[slotId, { ...slot, servers: nextServers(slot.servers, {}) }]]), byId) } : layout
}

/** Slots that rest and have no servers. */
export const restingEmpty = (layout: Layout): string[] =>
  layout.slots.filter(slot => slot.resting && Object.keys(slot.servers).length === 0).map(slot => slot.id)

/** Makes slots free for new routes. */
export function withRested(layout: Layout, slotIds: readonly string[]): Layout {
  const rested = slotIds.flatMap(id => { const slot = withKey(layout.slots, id, byId); return slot ? [[id, { ...slot, resting: false }] as const] : [] })
  return { ...layout, slots: replaced(layout.slots, new Map(rested), byId) }
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

/** Throws for a program that cannot be written, a new one too. */
function sameProgram(before: LaidGateway | undefined, after: LaidGateway): boolean {
  if (before?.table === after.table && before.slots.join() === after.slots.join()) return true
  const program = JSON.stringify(gatewayProgram(after))
  return before !== undefined && JSON.stringify(gatewayProgram(before)) === program
}

interface SlotPool {
  take(gateway: GatewayTable, route: GatewayTable['routes'][number]): string
  slots(): readonly Slot[]
}

function slotPool(previous: Layout, pairs: readonly GatewayPair[], gatewayNamed: (name: string) => GatewayTable | undefined): SlotPool {
  const next = new Map<string, Slot>()
  const freeSlot = numbered('b', lazily(() => new Set(previous.slots.map(({ id }) => id))))
  const owned = new Map<string, Slot>()
  const ownerKey = (gateway: string, route: string) => `${gateway}\n${route}`
  for (const { before, after } of pairs) {
    const routes = lazily(() => new Map(after?.routes.map(route => [route.path, route])))
    for (const id of before?.slots ?? []) {
      const slot = withKey(previous.slots, id, byId)
      if (!slot?.owner) continue
      const still = routes().get(slot.owner.route)
      const lines = after && still ? inGateway(after.name, () => backendLines(after, still)) : undefined
      if (lines && sameLines(lines, slot.lines)) owned.set(ownerKey(slot.owner.gateway, slot.owner.route), slot)
      else next.set(id, rest(slot))
    }
  }
  const free = lazily(() => Map.groupBy(previous.slots.filter(slot => !slot.owner && !slot.resting).reverse(), ({ mode, lines }) => [mode, ...lines].join('\n')))
  return {
    take(gateway, route) {
      const lines = backendLines(gateway, route)
      const kept = owned.get(ownerKey(gateway.name, route.path)) ?? free().get([gateway.mode, ...lines].join('\n'))?.pop()
      const slot: Slot = kept ?? { id: freeSlot(), mode: gateway.mode, lines, resting: false, servers: {} }
      next.set(slot.id, {
        ...slot, owner: { gateway: gateway.name, route: route.path },
        servers: nextServers(slot.servers, endpointServers(route.target, gatewayNamed)),
        ...(holds(slot.lines) ? { vacant: route.target.is === 'endpoints' && !route.target.endpoints.some(({ state }) => state === 'ready') } : {}),
      })
      return slot.id
    },
    slots: () => replaced(previous.slots, next, byId),
  }
}

const sameLines = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((line, at) => line === b[at])

/** Servers of endpoints that are gone stay, leaving, until HAProxy has let go of them. */
function nextServers(before: Slot['servers'], wanted: Slot['servers']): Slot['servers'] {
  const leaving = Object.fromEntries(Object.entries(before)
    .filter(([name]) => !(name in wanted)).map(([name, server]) => [name, { ...server, state: 'leaving' as const }]))
  return { ...leaving, ...wanted }
}

/** What is in it goes on as before: a request may have come to the backend and not to a server yet, as one that is delayed. */
function rest(slot: Slot): Slot {
  return { id: slot.id, mode: slot.mode, lines: slot.lines, resting: true, servers: slot.servers, ...(holds(slot.lines) ? { vacant: false } : {}) }
}

/** Whether a backend with these lines has a server for what must wait. */
export const holds = (lines: readonly string[]): boolean => lines.some(line => line.includes(WAITING_SERVER))

/** Gives the lowest names `g1`, `g2` … that are not among `taken`. */
function numbered(letter: string, taken: () => ReadonlySet<string>): () => string {
  let number = 0
  return () => {
    do number++; while (taken().has(`${letter}${number}`))
    return `${letter}${number}`
  }
}
