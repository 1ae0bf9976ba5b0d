/**
 * One gateway that a proxy cannot carry must not hold up the others: their weights, their drains and their rollbacks.
 */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RoutingTable } from '@vamp/model/routing/table'

/** The gateway that a refusal is about, if it is about one. */
export function refusedGateway(table: RoutingTable, error: unknown): string | undefined {
  if (!(error instanceof Fault)) return undefined
  const { gateway, port } = error.facts
  return typeof gateway === 'string' ? gateway : table.gateways.find(candidate => candidate.port === port)?.name
}

/**
 * What is left to carry: the refused gateway stays as it was carried last, or, if that is what was refused, goes with all that
 * lead to it. Absent if the refusal is not about one gateway of the table. Each call leaves one gateway fewer to be refused.
 */
export function setAside(table: RoutingTable, error: unknown, carried: RoutingTable): RoutingTable | undefined {
  if (!(error instanceof Fault) || (error.code !== 'port_taken' && error.code !== 'proxy_refused')) return undefined
  const name = refusedGateway(table, error)
  const refused = table.gateways.find(gateway => gateway.name === name)
  if (!refused) return undefined
  const before = carried.gateways.find(gateway => gateway.name === name)
  if (!before || same(refused, before) || !leadsWithin(before, table)) return { ...table, gateways: without(table.gateways, refused.name) }
  return { ...table, gateways: table.gateways.map(gateway => gateway === refused ? before : gateway) }
}

/** Where a refusal names no gateway: those that are another thing than what is carried, one of which it must be about. */
export function suspectsOf(table: RoutingTable, error: unknown, carried: RoutingTable): readonly string[] {
  if (!(error instanceof Fault) || error.code !== 'proxy_refused' || refusedGateway(table, error) !== undefined) return []
  return changedIn(table, carried)
}

/** Gateways that are another thing than what is carried. */
function changedIn(table: RoutingTable, carried: RoutingTable): readonly string[] {
  const before = new Map(carried.gateways.map(gateway => [gateway.name, gateway]))
  return table.gateways.filter(gateway => !same(gateway, before.get(gateway.name))).map(({ name }) => name)
}

/** The refusal, which is about this gateway. */
export const about = (error: unknown, gateway: string): unknown => error instanceof Fault ? new Fault(error.code, error.message, { ...error.facts, gateway }, { cause: error }) : error

/** So many gateways that are refused alone, without one that is taken, are enough: to try thousands might take hours. */
export const ALONE_MAX = 3

/** Why one table is not carried as a whole. */
export interface Refusals {
  /** The first, if there was any. */
  readonly told: unknown
  /** Whatever is tried is refused: what is carried stays, and it is tried again, others first. */
  readonly ofAll: boolean
  /** `suspect`: it named no gateway, and this is the only one that it can be about. `last`: nothing is left to be tried. */
  add(error: unknown, at: { readonly suspect: string | undefined; readonly last: boolean }): void
  /** After something was refused, a part was carried where `carried` had been. */
  took(part: RoutingTable, carried: RoutingTable): void
}

/** Where each gateway that is tried is refused, alone, without being named, or even what is carried, that is about none of them. */
export function openRefusals(): Refusals {
  let named: unknown
  let guessed: { readonly error: unknown; readonly gateway: string } | undefined
  let [alone, taken] = [0, false]
  return {
    get told() {
      if (named !== undefined || !guessed) return named
      return alone > 1 && !taken ? guessed.error : about(guessed.error, guessed.gateway)
    },
    get ofAll() { return alone >= ALONE_MAX && !taken },
    add(error, { suspect, last }) {
      if (suspect === undefined) {
        if (!guessed || last) named ??= error
        return
      }
      alone++
      guessed ??= { error, gateway: suspect }
    },
    took(part, carried) {
      if (!taken) taken = changedIn(part, carried).length > 0
    },
  }
}

/** The table with these gateways as they are carried, or without them. */
export function asCarried(table: RoutingTable, names: ReadonlySet<string>, carried: RoutingTable): RoutingTable {
  let part = table
  for (const name of names) part = setAside(part, new Fault('proxy_refused', '', { gateway: name }), carried) ?? part
  return part
}

/** As much of the table as is carried already. */
export const withoutChanges = (table: RoutingTable, carried: RoutingTable): RoutingTable => asCarried(table, new Set(changedIn(table, carried)), carried)

function same(gateway: GatewayTable, before: GatewayTable | undefined): boolean {
  return before !== undefined && (before === gateway || JSON.stringify(before) === JSON.stringify(gateway))
}

function leadsWithin({ routes }: GatewayTable, { gateways }: RoutingTable): boolean {
  return routes.every(({ target }) => target.is === 'endpoints' || gateways.some(({ name }) => name === target.gateway))
}

function without(gateways: readonly GatewayTable[], name: string): readonly GatewayTable[] {
  const gone = new Set([name])
  const leadsAway = ({ routes }: GatewayTable) => routes.some(({ target }) => target.is === 'gateway' && gone.has(target.gateway))
  for (let before = 0; before < gone.size;) {
    before = gone.size
    for (const gateway of gateways) if (leadsAway(gateway)) gone.add(gateway.name)
  }
  return gateways.filter(gateway => !gone.has(gateway.name))
}
