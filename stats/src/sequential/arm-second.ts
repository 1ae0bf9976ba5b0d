/** What the judge is told about one second of traffic, per version. */

import type { MaturedSessions } from './outcomes.ts'
import type { SketchData } from '../sketch.ts'

export interface ArmPart {
  readonly requests: number
  /** As the router counted them: 5xx, time-outs, refused and reset connections. */
  readonly errors: number
  readonly latency: SketchData
  /** Sessions seen and how many of them met an error; given where sessions stick to a version. */
  readonly sessions?: { readonly seen: number; readonly failed: number }
}

export interface ArmInstance extends ArmPart { readonly id: string }

/** One version in one second. The parts and the instances are two divisions of the same requests; they tell how noisy a version is. */
export interface ArmSecond extends ArmPart {
  /** By session hash, at most eight. */
  readonly parts: readonly ArmPart[]
  /** Requests that no instance took (id '') are not listed, or are ignored. */
  readonly instances: readonly ArmInstance[]
}

/** A second of the old version alone, before the new one has traffic. */
export interface BaselineSecond extends ArmSecond {
  /** Unix time, seconds. */
  readonly second: number
}

export interface JudgedSecond {
  /** Unix time, seconds. */
  readonly second: number
  /** The new version's ordered share in [0, 1] that was in force for the whole second; null if it changed within. */
  readonly share: number | null
  /** The same, of what both versions have, where other versions have traffic besides them; absent: as `share`. */
  readonly pair?: number | null
  readonly baseline: ArmSecond
  readonly canary: ArmSecond
  /** Seconds since the new version's first request. */
  readonly age: number
  /** Sessions of earlier seconds whose time was over in this one. */
  readonly matured?: readonly MaturedSessions[]
}
