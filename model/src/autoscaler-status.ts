/** What is true of an autoscaler: what it saw, what it wanted, what it was granted, and why. */

export interface AutoscalerStatus {
  readonly name: string
  readonly deployment: string
  readonly cluster: string
  readonly mode: 'act' | 'shadow'
  readonly services: readonly ServiceScaling[]
  /** Why it does nothing at all, if it does nothing: no such cluster, a signal that cannot be read. */
  readonly problem?: string
  /** ISO-8601, of the decision that is told. */
  readonly at: string
}

/** Of one version. */
export interface ServiceScaling {
  /** Breed name. */
  readonly service: string
  /** What runs or is being started, as ordered. */
  readonly instances: number
  readonly ready: number
  /** What the signals ask for, before any bound. */
  readonly wanted: number
  /** What it may have: within the bounds, the pool and the pace. */
  readonly granted: number
  /** After schedules. */
  readonly minimum: number
  readonly maximum: number
  readonly signals: readonly SignalReading[]
  /** What held it back, outermost last. */
  readonly limits: readonly ScalingLimit[]
  /** Evidence is missing: nothing is decided. */
  readonly frozen?: string
  /** `7 instances because 412 requests/s at 62 per instance; wanted 8, limited by maximum 7`. */
  readonly sentence: string
  readonly forecast?: { readonly expected: number; readonly upper: number; readonly trusted: boolean; readonly error: number; readonly sentence: string }
  /** Measured seconds from order to ready. */
  readonly start_up?: number
  /** ISO-8601, of the last change of size that was ordered. */
  readonly changed?: string
}

export interface SignalReading {
  /** As written in the artifact, or the promise. */
  readonly signal: string
  readonly value: number | null
  readonly unit: string
  /** Per instance or for the whole, after the signal's nature. */
  readonly target: number | null
  readonly wanted: number | null
}

export type ScalingLimit =
  | { readonly is: 'minimum' | 'maximum' | 'pool' | 'max_step'; readonly value: number }
  | { readonly is: 'stabilisation' | 'cooldown'; readonly seconds: number }
  | { readonly is: 'draining' | 'starting' | 'release' }

/** One second of an autoscaled version, for charts. */
export interface ScalingPoint {
  /** Unix seconds. */
  readonly at: number
  readonly signal: number | null
  readonly target: number | null
  readonly wanted: number
  readonly granted: number
  readonly ready: number
  readonly forecast: number | null
}
