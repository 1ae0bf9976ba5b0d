/** Keeps a service or a cluster at the right size. Times in seconds. */
import type { Metadata } from './metadata.ts'

export interface AutoscalerSignal {
  /** A signal or an expression over several, see `scaling-signal.ts`. */
  readonly metric: string
  /** Wanted value per instance (or, for latencies and queue, for the whole). */
  readonly target?: number
  readonly steps?: readonly { readonly above?: number; readonly below?: number; readonly change: number }[]
}

export interface Autoscaler {
  readonly kind: 'autoscalers'
  readonly name: string
  readonly metadata: Metadata
  readonly deployment: string
  readonly cluster: string
  readonly service?: string
  readonly minimum: number
  readonly maximum: number
  readonly signals: readonly AutoscalerSignal[]
  /** `p95 <= 200ms`. */
  readonly slo?: string
  readonly behaviour: {
    readonly up: { readonly panic_window: number; readonly max_step?: number }
    /** Without a stabilisation it follows from how long instances take to start. */
    readonly down: { readonly stabilisation?: number; readonly cooldown: number }
  }
  readonly schedules: readonly { readonly cron: string; readonly timezone: string; readonly minimum?: number; readonly maximum?: number; readonly duration: number }[]
  readonly prediction: 'off' | 'shadow' | 'auto'
  readonly priority: number
  readonly mode: 'act' | 'shadow'
}
