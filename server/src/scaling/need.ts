/** How many instances a rate needs: more as soon as that is proven, fewer when it has been enough for a while. */
import type { LoadHistory } from './load.ts'
import type { ScalerTick } from './service-scaler.ts'

export interface Reading {
  /** As it is written. */
  readonly signal: string
  readonly value: number | null
  readonly unit: string
  readonly target: number | null
  readonly wanted: number | null
  /** Requests per second that one instance is given, where the signal tells. */
  readonly perInstance?: number
  /** Why it has no value. */
  readonly missing?: string
  /** How the target came about, where it was not given. */
  readonly because?: string
}

export interface SignalReader { read(demand: LoadHistory, own: LoadHistory, tick: ScalerTick): Reading }

/** Over which what is enough is also looked for, beside the stable window: what came lately counts as far as it is beyond chance. */
export const LATELY_SECONDS = [6, 12] as const
/** Over which a level is looked at, and what is enough is found. */
export const STABLE_SECONDS = 30
/** How many seconds a backlog may take to be worked off. */
const BACKLOG_SECONDS = 2
/** Over which people are told what there is. */
const SHOWN_SECONDS = 12
/** What is given up must be spare by this factor where chance has a part, or it is wanted again at once. */
export const ROOM = 1.03

export interface Need {
  /** What a window proves at least, and what it says on average. */
  readonly least: (seconds: number) => number
  readonly rate: (seconds: number) => number
  readonly stable: number
  readonly perInstance: number
  readonly windows: readonly number[]
  readonly instances: number
  /** Beside the rate, for what has piled up. */
  readonly extra: number
  /** `ROOM`, or 1 where the value is exact. */
  readonly room: number
  /** Of the rate, per second and second. */
  readonly growth: number
  /** Seconds until what is ordered now serves. */
  readonly lead: number
}

const LOOK_SECONDS = 4

/** From the order to the first request, and as long as it takes to see that it was not enough. */
export function leadOf({ startUpSeconds = 1 }: ScalerTick): number {
  return startUpSeconds + LOOK_SECONDS
}

/** More than there is, if a window proves it, by as much as that window says; else what is enough for the stable window. */
export function needed({ least, rate, stable, perInstance, windows, instances, extra, room, growth, lead }: Need): { readonly wanted: number; readonly value: number } {
  if (instances === 0 && stable + extra > 0) return { wanted: Math.max(1, Math.ceil((rate(1) + extra) / perInstance)), value: rate(1) }
  for (const seconds of windows) {
    // Nothing sudden was told of.
    if (seconds < 1 && least(seconds) === 0) continue
    const more = extra + growth * lead
    if (Math.ceil((least(seconds) + more) / perInstance) <= instances) continue
    const value = rate(seconds) + more
    return { wanted: Math.ceil(value / perInstance), value }
  }
  return { wanted: Math.min(instances, Math.ceil(stable * room / perInstance - 1e-9)), value: rate(SHOWN_SECONDS) }
}

/** Requests a second more, for some seconds, to work off what is in flight beyond what is usual. */
export function backlogRate(history: LoadHistory): number {
  const { inFlight, quietMs } = history
  if (inFlight === undefined || quietMs === undefined) return 0
  const usual = history.rate(6).rate * quietMs / 1000
  return Math.max(0, inFlight - 2 * usual - 10) / BACKLOG_SECONDS
}
