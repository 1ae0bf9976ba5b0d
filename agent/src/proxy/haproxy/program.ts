/**
 * What a gateway does with a request, as map entries. Without its generation, so that two programs can be compared;
 * `entries` writes it under one.
 */
import { createHash } from 'node:crypto'
import type { RouteTable } from '@vamp/model/routing/table'
import { conditionPattern } from './condition-pattern.ts'
import type { LaidGateway } from './layout.ts'
import { serverName } from './server.ts'
import { rangePrefixes, shareRanges } from './shares.ts'
import type { Range } from './shares.ts'

/** Facts about the program that the frontend must know before it looks anything up: the lowest bits of the generation's number. */
export const FLAGS = { sticky: 1, instance: 2, conditions: 4, all: 8 } as const

export interface Program {
  readonly flags: number
  /** Is it also behind the listener for virtual hosts? */
  readonly shared: boolean
  /** In the order of examination: pattern (without generation), backend, strength, route. */
  readonly conditions: readonly { readonly pattern: string; readonly slot: string; readonly strength: number; readonly route: string }[]
  readonly ranges: readonly Range[]
  /** key → value of the cookie map, without generation: `/route` → backend, `=backend` → route. */
  readonly stick: Readonly<Record<string, string>>
}

export type Entry = readonly [key: string, value: string]
export interface ProgramEntries { readonly conditions: readonly Entry[]; readonly shares: readonly Entry[]; readonly stick: readonly Entry[] }

export function gatewayProgram(laid: Pick<LaidGateway, 'table' | 'slots'>): Program {
  const { routes, mode, sticky } = laid.table
  const slotOf = (index: number) => laid.slots[index] ?? ''
  const conditions = mode === 'tcp' ? [] : routes.flatMap((route, index) => route.condition
    ? [{ pattern: conditionPattern(route.condition), slot: slotOf(index), strength: route.strength, route: cookieWord(route.lookup_name) }] : [])
  const sticks = mode === 'http' && sticky !== 'none'
  const flags = (sticks ? FLAGS.sticky : 0) | (sticks && sticky === 'instance' ? FLAGS.instance : 0) | (conditions.length > 0 ? FLAGS.conditions : 0)
  const stick: Record<string, string> = {}
  if (sticks) for (const [index, route] of routes.entries()) Object.assign(stick, stickEntries(route, slotOf(index), sticky === 'instance'))
  const shared = mode === 'http' && laid.table.virtual_hosts.length > 0
  return { flags, shared, conditions, ranges: shareRanges(routes.map((route, index) => ({ share: route.weight, value: slotOf(index) }))), stick }
}

/** The number that stands for the generation in HAProxy: the generation with the program's flags below it. */
export const generationNumber = (generation: number, program: Program): number => generation * FLAGS.all + program.flags

export function programEntries(generation: number, program: Program): ProgramEntries {
  const number = generationNumber(generation, program)
  return {
    conditions: program.conditions.map(({ pattern, slot, strength, route }) => [`^${number}\\n${pattern}`, `${slot}/${strength}/${route}`]),
    shares: program.ranges.flatMap(range => rangePrefixes(generation, range.from, range.to).map((prefix): Entry => [prefix, range.value])),
    stick: Object.entries(program.stick).map(([key, value]) => [`${number}${key}`, value]),
  }
}

/** A name as it may stand in a cookie and in a map key: itself if it is plain, else a hash of it. */
export function cookieWord(name: string): string {
  return /^[A-Za-z0-9]{1,64}$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 16)
}

/** A route keeps its visitors as long as it has an instance for them; where all are draining, only those of a draining instance. */
function stickEntries(route: RouteTable, slot: string, instance: boolean): Record<string, string> {
  const word = cookieWord(route.lookup_name)
  const entries: Record<string, string> = { [`=${slot}`]: word }
  if (route.target.is === 'gateway' || route.target.endpoints.some(endpoint => endpoint.state === 'ready')) entries[`/${word}`] = slot
  else if (instance) for (const endpoint of route.target.endpoints) entries[`/${word}/${serverName(endpoint.id)}`] = slot
  return entries
}
