/**
 * What was built of gateways before, and what it rested on: every name that was looked up. Built again is what has become another
 * thing itself, and what looked such a thing up, so a change of a table costs what it changes. Values are compared by identity:
 * whoever hands them in keeps what did not change.
 */
import { byName, changedKeys, changes, placeOf, replaced, sameKeys, withKey } from '../changed.ts'
import type { Gateway } from '../gateway.ts'
import type { BuildInput, GatewayProblem } from './build-table.ts'
import { isThisHost } from '../name.ts'
import type { GatewayTable, MirrorTarget } from './table.ts'

export type SourceKind = 'deployments' | 'deployment-statuses' | 'conditions' | 'rewrites' | 'routes' | 'policies'
/** All that there is of each kind, in order of name. */
export type Sources = Readonly<Record<SourceKind, readonly { readonly name: string }[]>>

/** Something that was looked up: `conditions\nfirefox`. */
export type Question = string
export const question = (kind: SourceKind | 'gateways', name: string): Question => `${kind}\n${name}`
/** What selects, rests on every instance. */
export const ALL_INSTANCES: Question = 'instances'

/** Which gateways have the ports that they want. */
export interface Listeners {
  /** In the order of the gateways. */
  readonly listening: readonly Gateway[]
  /** Names of those without a port. */
  readonly unassigned: readonly string[]
  readonly problems: readonly GatewayProblem[]
}

export interface Built {
  readonly table: GatewayTable
  readonly problems: readonly GatewayProblem[]
  readonly asked: ReadonlySet<Question>
}

/** What of a table leads in circles, mended. */
export interface Mended { readonly tables: ReadonlyMap<string, GatewayTable>; readonly problems: readonly GatewayProblem[] }

interface Begun { readonly input: BuildInput; readonly place: string; readonly listeners: Listeners; /** Of before, if they are of the same gateways. */ readonly tables: readonly GatewayTable[] | undefined }
interface Last extends Begun { readonly tables: readonly GatewayTable[] }

const SOURCE_KINDS: readonly SourceKind[] = ['deployments', 'deployment-statuses', 'conditions', 'rewrites', 'routes', 'policies']

export class TableMemo {
  readonly #built = new Map<string, Built>()
  readonly #askers = new Map<Question, Set<string>>()
  /** Names of gateways with problems, and of those that may lead to gateways. */
  readonly #troubled = new Set<string>()
  readonly #leading = new Set<string>()
  /** Of the table that was built last, and of the one that is being built. */
  #last: Last | undefined
  #begun: Begun | undefined
  #mended: Mended | undefined

  /** A new table: who listens, and which of them are to be built. The others are as they were. */
  begin(input: BuildInput, listenersOf: (input: BuildInput) => Listeners): { readonly listeners: Listeners; readonly stale: readonly Gateway[] } {
    const place = JSON.stringify([input.address, input.virtualHosts])
    const before = this.#last?.place === place && this.#last.input.sources && input.sources ? this.#last : undefined
    if (!before) this.#clear()
    const listeners = before && samePorts(before.input.gateways, input.gateways) ? withChanged(before, input.gateways) : listenersOf(input)
    const stale = before ? this.#stale(before, input, listeners) : listeners.listening
    const tables = before && sameKeys(before.listeners.listening, listeners.listening, byName) ? before.tables : undefined
    this.#begun = { input, place, listeners, tables }
    return { listeners, stale }
  }

  /** Takes in what was built of all that were stale; returns the tables in the order of the gateways. */
  take(all: ReadonlyMap<string, Built>): readonly GatewayTable[] {
    const begun = this.#begun as Begun
    const others = new Map<string, GatewayTable>()
    for (const [name, built] of all) {
      const before = this.#built.get(name)
      // The same content is the same object: whoever compares tables need not look into it.
      const table = before && JSON.stringify(before.table) === JSON.stringify(built.table) ? before.table : built.table
      if (table !== before?.table) others.set(name, table)
      this.#keep(name, { ...built, table })
    }
    const tables = begun.tables ? replaced(begun.tables, others, byName) : begun.listeners.listening.map(({ name }) => (this.#built.get(name) as Built).table)
    this.#last = { ...begun, tables }
    return tables
  }

  /** Of the gateways that were built, in their order. */
  problems(): readonly GatewayProblem[] {
    return this.#inOrder(this.#troubled).flatMap(name => this.#built.get(name)?.problems ?? [])
  }

  /** As `mend` has it of the gateways that may lead to gateways; asked again only if one of them is another one. */
  mended(mend: (leading: readonly GatewayTable[]) => Mended): Mended {
    this.#mended ??= mend(this.#inOrder(this.#leading).flatMap(name => this.#built.get(name)?.table ?? []))
    return this.#mended
  }

  #stale(before: Last, input: BuildInput, { listening }: Listeners): readonly Gateway[] {
    const names = new Set<string>()
    const askersOf = (asked: Question) => { for (const name of this.#askers.get(asked) ?? []) names.add(name) }
    for (const kind of SOURCE_KINDS) {
      const changed = changedKeys(before.input.sources?.[kind] ?? [], input.sources?.[kind] ?? [], byName)
      for (const name of changed) askersOf(question(kind, name))
      if (changed.length > 0 && (kind === 'deployments' || kind === 'deployment-statuses')) askersOf(ALL_INSTANCES)
    }
    for (const { before: old, after } of changes(before.listeners.listening, listening, byName)) {
      const { name } = (after ?? old) as Gateway
      names.add(name)
      if (!old || !after) askersOf(question('gateways', name))
      if (!after) this.#forget(name)
    }
    return [...names].flatMap(name => withKey(listening, name, byName) ?? [])
  }

  #keep(name: string, built: Built): void {
    const before = this.#built.get(name)
    this.#unask(name, before)
    this.#built.set(name, built)
    for (const asked of built.asked) {
      const askers = this.#askers.get(asked) ?? new Set()
      this.#askers.set(asked, askers.add(name))
    }
    put(this.#troubled, name, built.problems.length > 0)
    const leads = mayLeadToGateway(built.table)
    if (before?.table !== built.table && (leads || this.#leading.has(name))) this.#mended = undefined
    put(this.#leading, name, leads)
  }

  #forget(name: string): void {
    this.#unask(name, this.#built.get(name))
    this.#built.delete(name)
    this.#troubled.delete(name)
    if (this.#leading.delete(name)) this.#mended = undefined
  }

  #unask(name: string, built: Built | undefined): void {
    for (const asked of built?.asked ?? []) {
      const askers = this.#askers.get(asked)
      askers?.delete(name)
      if (askers?.size === 0) this.#askers.delete(asked)
    }
  }

  #inOrder(names: ReadonlySet<string>): readonly string[] {
    const tables = this.#last?.tables ?? []
    return [...names].sort((a, b) => (placeOf(tables, a, byName) ?? 0) - (placeOf(tables, b, byName) ?? 0))
  }

  #clear(): void {
    for (const all of [this.#built, this.#askers, this.#troubled, this.#leading]) all.clear()
    this.#mended = undefined
  }
}

const put = (names: Set<string>, name: string, there: boolean) => { if (there) names.add(name); else names.delete(name) }

function samePorts(before: readonly Gateway[], after: readonly Gateway[]): boolean {
  return sameKeys(before, after, ({ name, port }) => `${name}\n${port.number}`)
}

function withChanged({ input, listeners }: Last, gateways: readonly Gateway[]): Listeners {
  const changed = changes(input.gateways, gateways, byName).flatMap(({ after }) => after && placeOf(listeners.listening, after.name, byName) !== undefined ? [[after.name, after] as const] : [])
  return changed.length === 0 ? listeners : { ...listeners, listening: replaced(listeners.listening, new Map(changed), byName) }
}

/** Also by an address of the host itself, where a gateway may listen. */
function mayLeadToGateway({ address, routes }: GatewayTable): boolean {
  const may = (target: MirrorTarget | undefined) => target?.is === 'gateway' || target !== undefined && ownPort(target, address) !== undefined
  return routes.some(({ target, failover = [], mirror }) => [target, mirror, ...failover].some(may))
}

/** The port at which a target leads to where gateways listen, which is `address`. */
export function ownPort(target: MirrorTarget, address: string): number | undefined {
  const [only] = target.is === 'endpoints' && target.endpoints.length === 1 ? target.endpoints : []
  // An address of a route is called by itself. Instances have names of their own.
  if (!only || only.id !== `${only.host}:${only.port}`) return undefined
  const open = address === '' || address === '*' || isThisHost(address)
  return only.host === address || open && isThisHost(only.host) ? only.port : undefined
}
