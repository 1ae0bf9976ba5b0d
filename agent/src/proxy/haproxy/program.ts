/**
 * What a gateway does with a request, as map entries. Without its generation, so that two programs can be compared;
 * `entries` writes it under one.
 */
import { createHash } from 'node:crypto'
import { EXPRESSION_STEPS } from '@vamp/model/condition/path-expression'
import type { GatewayTable, RouteTable } from '@vamp/model/routing/table'
import { conditionPattern, expressionsOf, needsLine } from './condition-pattern.ts'
import type { LaidGateway } from './layout.ts'
import { serverName } from './server.ts'
import { DRAW_BITS, rangePrefixes, shareRanges } from './shares.ts'
import type { Range } from './shares.ts'

/**
 * Facts about the program that the frontend must know before it looks anything up: the lowest bits of the generation's number.
 * `line`: some condition asks for the first line of the request or where it came from, not only for its headers.
 */
export const FLAGS = { sticky: 1, instance: 2, conditions: 4, line: 8 } as const

export interface Program {
  readonly flags: number
  /** Is it also behind the listener for virtual hosts? */
  readonly shared: boolean
  /** In the order of examination: pattern (without generation), backend, strength, the route's word. */
  readonly conditions: readonly { readonly pattern: string; /** A user's expression is in it. */ readonly limited: boolean; readonly slot: string; readonly strength: number; readonly word: string }[]
  readonly ranges: readonly Range[]
  /** Of the cookie map: which backend a visitor's `route~instance~` leads to, by its beginning; and how a backend's route is called. */
  readonly stick: { readonly leads: readonly Entry[]; readonly words: readonly Entry[] }
}

export type Entry = readonly [key: string, value: string]
export interface ProgramEntries { readonly conditions: readonly Entry[]; readonly shares: readonly Entry[]; readonly stick: readonly Entry[] }

export function gatewayProgram(laid: Pick<LaidGateway, 'table' | 'slots'>): Program {
  const [known, slots] = [programs.get(laid.table), laid.slots.join()]
  if (known?.slots === slots) return known.program
  const program = programOf(laid)
  programs.set(laid.table, { slots, program })
  return program
}

/** Asked for again with every file that is written. */
const programs = new WeakMap<GatewayTable, { readonly slots: string; readonly program: Program }>()

function programOf(laid: Pick<LaidGateway, 'table' | 'slots'>): Program {
  const { routes, mode, sticky } = laid.table
  const slotOf = (index: number) => laid.slots[index] ?? ''
  const conditions = mode === 'tcp' ? [] : routes.flatMap((route, index) => route.condition
    ? [{ pattern: conditionPattern(route.condition), limited: expressionsOf(route.condition).length > 0, slot: slotOf(index), strength: route.strength, word: cookieWord(route.lookup_name) }] : [])
  const sticks = mode === 'http' && sticky !== 'none'
  const line = mode === 'http' && routes.some(({ condition }) => condition && needsLine(condition))
  const flags = (sticks ? FLAGS.sticky : 0) | (sticks && sticky === 'instance' ? FLAGS.instance : 0) | (conditions.length > 0 ? FLAGS.conditions : 0) | (line ? FLAGS.line : 0)
  const stick = {
    leads: sticks ? routes.flatMap((route, index) => leadsOf(route, slotOf(index), sticky === 'instance')) : [],
    words: sticks ? routes.map(({ lookup_name }, index): Entry => [slotOf(index), cookieWord(lookup_name)]) : [],
  }
  const shared = mode === 'http' && laid.table.virtual_hosts.length > 0
  return { flags, shared, conditions, ranges: shareRanges(routes.map((route, index) => ({ share: route.weight, value: slotOf(index) }))), stick }
}

/** How many generations a gateway takes: its own, and one for the strength of each condition. */
export const generationsOf = ({ mode, routes }: GatewayTable): number => 1 + (mode === 'tcp' ? 0 : routes.filter(({ condition }) => condition).length)

/** The number that stands for the generation in HAProxy, with the program's flags below it. A draw is added to it, and looked up. */
export const generationNumber = (generation: number, { flags }: Pick<Program, 'flags'>): number => generation * 2 ** DRAW_BITS + flags

export function programEntries(generation: number, program: Program): ProgramEntries {
  const { flags, ranges, conditions, stick } = program
  const number = generationNumber(generation, program)
  const strength = (index: number) => generation + 1 + index
  const strengthNumber = (index: number) => strength(index) * 2 ** DRAW_BITS
  const sticky = (flags & FLAGS.sticky) > 0
  return {
    conditions: conditions.map(({ pattern, limited }, index) => [`${limited ? EXPRESSION_STEPS : ''}^(?=(?s:.*+)(?<=\\n${number}))${flags & FLAGS.line ? '(?=:m\\n)' : ''}${pattern}`, String(strengthNumber(index))]),
    shares: [
      ...ranges.flatMap(({ from, to, value }) => rangePrefixes(generation, from + flags, to + flags).map((prefix): Entry => [prefix, value])),
      ...conditions.flatMap((condition, index) => rangePrefixes(strength(index), 0, condition.strength).map((prefix): Entry => [prefix, condition.slot])),
    ],
    stick: [
      ...stick.leads.map(([key, value]): Entry => [`${number}/${key}`, value]),
      ...stick.words,
      // Who is bound to the condition's route, who was turned away from it before, and what to write for those who are turned away.
      ...(sticky ? conditions.flatMap(({ word, slot }, index): Entry[] => {
        const its = strengthNumber(index)
        return [[`${its}/${word}~`, slot], [`${word}/${its}`, slot], [`${its}=`, word]]
      }) : []),
    ],
  }
}

/** A name as it may stand in a cookie and in a map key: itself if it is plain, else a hash of it. */
export function cookieWord(name: string): string {
  return /^[A-Za-z0-9]{1,64}$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 16)
}

/** A route keeps its visitors as long as it has an instance for them; where all are draining, only those of a draining instance. */
function leadsOf({ lookup_name, target }: RouteTable, slot: string, instance: boolean): Entry[] {
  const word = cookieWord(lookup_name)
  if (target.is === 'gateway' || target.endpoints.some(endpoint => endpoint.state === 'ready')) return [[`${word}~`, slot]]
  return instance ? target.endpoints.map(({ id }) => [`${word}~${serverName(id)}~`, slot]) : []
}
