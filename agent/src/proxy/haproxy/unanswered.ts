/**
 * Requests that HAProxy does not write down. Where an instance dies under a request that is not the first of its visitor's connection,
 * HAProxy closes that connection without a word, so that the visitor sends the request again, and logs nothing (`abort_keep_alive` in 2.6).
 * Its counters know: of a backend, `stot − req_tot − scur` of `show stat` is how many requests it was given that ended in no line,
 * whatever else went wrong; of a server it would count every further attempt to connect, too.
 *
 * The counters are not read in one instant, so a look may be off by a request that is just beginning or ending. What two looks
 * in a row say is told, once.
 */
import type { Sample } from '../proxy.ts'
import { MIRROR, type Samples } from '../samples.ts'
import { backendCounters, countersQuestion } from './backend-counters.ts'
import type { LogBackend, LogNames } from './log-line.ts'

/** What was told of one process. `whole`: it was counted from its beginning, so a backend that is missing here had none. */
export interface UnansweredMark {
  readonly process: number
  readonly whole: boolean
  readonly told: readonly (readonly [backend: number, requests: number])[]
}

export interface Unanswered {
  /** A process that has only just begun. */
  know(process: number): void
  /** Requests that were logged: their gateways have traffic. */
  heard(samples: Samples, monotonicMs: number): void
  /** The commands that ask for the counters of backends with traffic; undefined if there are none. */
  question(monotonicMs: number): string | undefined
  /** What an answer tells that was not told before. `last`: the process has nothing in progress, and is not asked again. */
  take(process: number, answer: string, options: { readonly nowMs: number; readonly last?: boolean }): Sample[]
  marks(processes: readonly number[]): readonly UnansweredMark[]
}

/** A request may take so long before it dies. */
const TRAFFIC_MS = 60_000
/** Backends that are looked at in one look; of more, each has its turn. */
const BACKENDS_MAX = 64
const PROCESSES_MAX = 64
const COPIES_MAX = 4096
const PARTS = 8

interface Counted { whole: boolean; readonly backends: Map<number, { seen: number; told: number }> }

export function unansweredRequests(names: () => LogNames, before: readonly UnansweredMark[] = []): Unanswered {
  const processes = new Map<number, Counted>(before.map(({ process, whole, told }) => [process, { whole, backends: new Map(told.map(([backend, requests]) => [backend, { seen: requests, told: requests }])) }]))
  /** By gateway: when it was last heard of. */
  const busy = new Map<string, number>()
  /** Routes whose newest request was a copy. */
  const copies = new Set<string>()
  let [turn, part] = [0, 0]

  const countedOf = (process: number): Counted => {
    const counted = processes.get(process) ?? { whole: false, backends: new Map() }
    processes.set(process, counted)
    for (const oldest of processes.keys()) if (processes.size > PROCESSES_MAX) processes.delete(oldest); else break
    return counted
  }
  const fresh = (process: number, backend: number, now: number, last: boolean): number => {
    const { whole, backends } = countedOf(process)
    const entry = backends.get(backend) ?? { seen: whole ? 0 : now, told: whole ? 0 : now }
    backends.set(backend, entry)
    const sure = last ? now : Math.min(entry.seen, now)
    const requests = Math.max(0, sure - entry.told)
    entry.seen = now
    entry.told += requests
    return requests
  }
  const sample = ({ route: { gateway, route } }: LogBackend, nowMs: number): Sample => {
    part = (part + 1) % PARTS
    return { gateway, route, instance: '', by: copies.has(route) ? 'mirror' : 'weight', status: 0, error: true, ending: 'server', bytes: 0, endedAt: nowMs, part }
  }

  return {
    know(process) {
      processes.delete(process)
      countedOf(process).whole = true
    },
    heard({ length, places, at, ways }, monotonicMs) {
      for (const { gateway } of places) busy.set(gateway, monotonicMs)
      for (let index = 0; index < length; index++) {
        if (ways[index] !== MIRROR && copies.size === 0) continue
        const { route = '' } = places[at[index] as number] ?? {}
        if (ways[index] !== MIRROR) copies.delete(route)
        else if (copies.size < COPIES_MAX) copies.add(route)
      }
    },
    question(monotonicMs) {
      for (const [gateway, at] of busy) if (monotonicMs - at > TRAFFIC_MS) busy.delete(gateway)
      if (busy.size === 0) return undefined
      const backends = names().backends.flatMap((backend, number) => backend && busy.has(backend.route.gateway) ? [number] : [])
      const from = backends.length > BACKENDS_MAX ? turn % backends.length : 0
      turn = from + BACKENDS_MAX
      const asked = [...backends.slice(from), ...backends.slice(0, from)].slice(0, BACKENDS_MAX)
      return asked.length === 0 ? undefined : asked.map(number => countersQuestion(`b${number}`)).join(';')
    },
    take(process, answer, { nowMs, last = false }) {
      const { backends } = names()
      return unloggedByBackend(answer).flatMap(([number, now]) => {
        const requests = fresh(process, number, now, last)
        const backend = backends[number]
        return backend ? Array.from({ length: requests }, () => sample(backend, nowMs)) : []
      })
    },
    marks: wanted => wanted.flatMap(process => {
      const counted = processes.get(process)
      return counted ? [{ process, whole: counted.whole, told: [...counted.backends].flatMap(([backend, { told }]) => told > 0 || !counted.whole ? [[backend, told] as const] : []) }] : []
    }),
  }
}

/** A backend of TCP counts no requests. */
const unloggedByBackend = (answer: string): [backend: number, requests: number][] =>
  backendCounters(answer).flatMap(({ backend, begun, ended, inProgress }): [number, number][] => ended === undefined ? [] : [[backend, begun - ended - inProgress]])
