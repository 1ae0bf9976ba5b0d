import type { Metadata } from './metadata.ts'

export interface Scale {
  readonly kind: 'scales'
  readonly name: string
  readonly metadata: Metadata
  /** Cores. */
  readonly cpu: number
  /** Megabytes (10⁶ bytes), as the original counts. */
  readonly memory: number
  readonly instances: number
  /** Spare instances beyond those: started, healthy and paused, so that more are there at once. None where nothing is said. */
  readonly warm?: number
}

/** Of a service that names none. */
export const DEFAULT_SCALE: Scale = { kind: 'scales', name: '', metadata: {}, cpu: 1, memory: 1000, instances: 1 }
