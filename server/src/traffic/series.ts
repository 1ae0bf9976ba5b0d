/**
 * Measurements over time: by the second for an hour, by ten seconds for a day, by the minute for thirty days. All of it are sums
 * of counts, so a coarser level is exactly the sum of a finer one, and what comes late is added wherever it belongs.
 * Contract suite: `contract.ts`.
 */
import type { Cell, Window } from '@vamp/model/metric'

export const RESOLUTIONS = [1, 10, 60] as const
/** Seconds. */
export type Resolution = (typeof RESOLUTIONS)[number]

/** Seconds for which each resolution is kept. */
export const KEEP_SECONDS: Readonly<Record<Resolution, number>> = { 1: 3600, 10: 86_400, 60: 30 * 86_400 }
/** A clock that is further ahead than this is not believed, and what it counted is not kept. */
export const AHEAD_SECONDS_MAX = 3600

/** Whom a series is of. */
export type CellKey = Pick<Cell, 'gateway' | 'route' | 'instance' | 'by'>

export interface SeriesQuery {
  /** Unix seconds, [from, to), at whole multiples of the resolution: a point that begins in it counts whole. */
  readonly from: number
  readonly to: number
  readonly resolution: Resolution
  /** Seconds of each point, a multiple of the resolution, counted from `from`; the resolution if it is not given. */
  readonly step?: number
  readonly wants: (key: CellKey) => boolean
}

/** `second` is where the point begins. One cell per key, of all hash parts together. */
export interface Point { readonly second: number; readonly cells: readonly Cell[] }

export interface Series extends AsyncDisposable {
  /**
   * Takes a window once, however often it comes: its agent's windows come in order, and are told by their sequence. Durable
   * when it resolves, unless the series is in memory. Exact also for seconds that come late.
   */
  add(window: Window): Promise<void>
  /** Points that have any requests, oldest first. */
  read(query: SeriesQuery): Promise<readonly Point[]>
  /** The first second, Unix time, that a resolution still knows: forgotten is what lies before. */
  since(resolution: Resolution): number
  /** Coarser levels are made, and what is too old is removed; to be called every few seconds. */
  maintain(): Promise<void>
}

/** Where a window belongs, by this server's clock. */
export function secondOf({ second, secondsBehind = 0 }: Window): number {
  return second + secondsBehind
}

/** The newest window of an agent that was taken, by its own clock. */
export interface Mark { readonly sequence: number; readonly second: number }

/** A window that came before. An agent that lost its numbers begins again with new seconds, and is believed. */
export function isRepetition({ sequence, second }: Mark, mark: Mark | undefined): boolean {
  return mark !== undefined && sequence <= mark.sequence && second <= mark.second
}
