/** How many instances a rate needs: more as soon as that is proven, fewer when it has been enough for a while. */
import { CHANCE, type LoadHistory } from './load.ts'
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
  /** By a forecast that is used: requests a second that are to be provided for. */
  readonly foreseen?: number
  /** Why it has no value. */
  readonly missing?: string
  /** How the target came about, where it was not given. */
  readonly because?: string
}

/** Requests a second. */
export interface Foreseen { /** The middle of what is expected, */ readonly most: number; /** and with head-room for what the forecast errs by. */ readonly upper: number }

/** `chance`: standard deviations that may be it. `foreseen`: by a forecast that is used. */
export interface Look extends ScalerTick { readonly chance: number; readonly foreseen?: Foreseen }

export interface SignalReader { read(demand: LoadHistory, own: LoadHistory, look: Look): Reading }

/** Instance-seconds of an alarm without a cause that are no matter. */
const FALSE_ALARM_SECONDS = 20

/** The more it costs to start an instance for nothing and to give it up again, the surer one has to be: as much is spent for nothing. By the tail of the normal distribution. */
export function chanceOf(falseAlarmSeconds: number): number {
  return Math.sqrt(CHANCE ** 2 + 2 * Math.log(Math.max(1, falseAlarmSeconds / FALSE_ALARM_SECONDS)))
}

/** Over which what is enough is also looked for, beside the stable window: what came lately counts as far as it is beyond chance. */
const LATELY_SECONDS = [6, 12] as const
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
  /** By how much the rate will have grown so many seconds from now. */
  readonly grown: (ahead: number) => number
  /** Seconds until what is ordered now serves. */
  readonly lead: number
}

/**
 * What must be enough: the stable window, and what came lately as far as it is beyond chance. Where a forecast is used it is the forecast
 * instead, and what is proven to be more.
 */
export function stableRate(at: (seconds: number) => { readonly rate: number; readonly least: number }, foreseen?: number): number {
  return Math.max(foreseen ?? at(STABLE_SECONDS).rate, ...[...LATELY_SECONDS, STABLE_SECONDS].map(seconds => at(seconds).least))
}

const LOOK_SECONDS = 4

/** From the order to the first request, and as long as it takes to see that it was not enough. */
export function leadOf({ startUpSeconds = 1 }: ScalerTick): number {
  return startUpSeconds + LOOK_SECONDS
}

/** More than there is, if a window proves it, by as much as that window says; else what is enough for the stable window. */
export function needed({ least, rate, stable, perInstance, windows, instances, extra, room, grown, lead }: Need): { readonly wanted: number; readonly value: number } {
  if (instances === 0 && stable + extra > 0) return { wanted: Math.max(1, Math.ceil((rate(1) + extra) / perInstance)), value: rate(1) }
  for (const seconds of windows) {
    // Nothing sudden was told of.
    if (seconds < 1 && least(seconds) === 0) continue
    // What a window says is of the middle of it.
    const more = extra + grown(lead + seconds / 2)
    if (Math.ceil((least(seconds) + more) / perInstance) <= instances) continue
    const value = rate(seconds) + more
    return { wanted: Math.ceil(value / perInstance), value }
  }
  return { wanted: Math.min(instances, Math.ceil((stable + grown(lead)) * room / perInstance - 1e-9)), value: rate(SHOWN_SECONDS) }
}

/** Requests a second more, for some seconds, to work off what is in flight beyond what is usual. */
export function backlogRate(history: LoadHistory): number {
  const { inFlight, quietMs } = history
  if (inFlight === undefined || quietMs === undefined) return 0
  const usual = history.rate(6).rate * quietMs / 1000
  return Math.max(0, inFlight - 2 * usual - 10) / BACKLOG_SECONDS
}
