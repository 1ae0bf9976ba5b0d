/**
 * What was built of a gateway before, and what it rested on: everything that was looked up, with what came of it. Built again only
 * if something of it is another thing now, so a change of a table costs what it changes. Values are compared by identity:
 * whoever hands them in keeps what did not change.
 */
import type { BuildInput, GatewayProblem } from './build-table.ts'
import type { Gateway } from '../gateway.ts'
import type { Targets } from './route-target.ts'
import type { GatewayTable } from './table.ts'

export interface TableMemo {
  /** A new table. True: nothing that gateways rest on is another thing than for the last one. */
  begin(input: BuildInput, listening: readonly Gateway[]): boolean
  /** What was built of it, if it would be built the same again. */
  find(gateway: Gateway, now: Now): Built | undefined
  keep(gateway: Gateway, now: Now, rested: readonly Rested[], built: Built): Built
}

export interface Built { readonly table: GatewayTable; readonly problems: readonly GatewayProblem[] }

export interface Now {
  readonly input: BuildInput
  readonly targets: Targets
  /** Those that have their ports. */
  readonly listening: readonly Gateway[]
  /** Nothing else than gateways is another thing than it was. */
  readonly same: boolean
}

/** A question that was asked, and its answer. */
export interface Rested { readonly ask: (now: Now) => unknown; readonly answer: unknown }

interface Entry { readonly gateway: Gateway; readonly rested: readonly Rested[]; readonly built: Built }

export function openTableMemo(): TableMemo {
  const entries = new Map<string, Entry>()
  let last: { readonly listening: readonly Gateway[]; readonly sources: readonly unknown[]; readonly place: string } | undefined
  return {
    begin({ address, virtualHosts, sources = [{}] }, listening) {
      const [before, place] = [last, JSON.stringify([address, virtualHosts !== undefined])]
      last = { listening, sources, place }
      if (before?.place !== place) entries.clear()
      return before?.place === place && sources.every((source, at) => source === before.sources[at])
        && listening.length === before.listening.length && listening.every((gateway, at) => gateway === before.listening[at] || gateway.name === before.listening[at]?.name)
    },
    find(gateway, now) {
      const entry = entries.get(gateway.name)
      if (entry?.gateway !== gateway) return undefined
      return now.same || entry.rested.every(({ ask, answer }) => ask(now) === answer) ? entry.built : undefined
    },
    keep(gateway, { input }, rested, built) {
      if (entries.size > 2 * input.gateways.length + 16) entries.clear()
      const before = entries.get(gateway.name)?.built
      // The same content is the same object: whoever compares tables need not look into it.
      const same = before && JSON.stringify(before) === JSON.stringify(built) ? before : built
      entries.set(gateway.name, { gateway, rested, built: same })
      return same
    },
  }
}

/** The same input, with every question written down. */
export function recording(now: Now): { readonly now: Now; readonly rested: Rested[] } {
  const { input } = now
  const rested: Rested[] = []
  const asked = <A, T>(ask: (now: Now, argument: A) => T) => (argument: A): T => {
    const answer = ask(now, argument)
    rested.push({ ask: later => ask(later, argument), answer })
    return answer
  }
  return {
    rested,
    now: {
      ...now,
      input: {
        ...input,
        lookupCondition: asked((now, name: string) => now.input.lookupCondition?.(name)), lookupRewrite: asked((now, name: string) => now.input.lookupRewrite?.(name)),
        lookupRoute: asked((now, name: string) => now.input.lookupRoute?.(name)), lookupPolicy: asked((now, name: string) => now.input.lookupPolicy?.(name)),
      },
      targets: {
        gateways: { has: asked((now, name: string) => now.targets.gateways.has(name)) },
        deployments: { get: asked((now, name: string) => now.targets.deployments.get(name)) },
        statuses: { get: asked((now, name: string) => now.targets.statuses.get(name)) },
      },
    },
  }
}
