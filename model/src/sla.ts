import type { Escalation } from './escalation.ts'
import type { Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'

interface SlaBase {
  readonly kind: 'slas'
  readonly name: string
  readonly metadata: Metadata
  readonly escalations: readonly Reference<Escalation>[]
}

export type Sla = SlaBase & (
  | {
    readonly type: 'response_time_sliding_window'
    /** Milliseconds. */
    readonly threshold: { readonly upper: number; readonly lower: number }
    /** Seconds. */
    readonly window: { readonly interval: number; readonly cooldown: number }
  }
  | { readonly type: 'escalation_only' }
  | { readonly type: 'generic'; readonly type_name: string; readonly parameters: Readonly<Record<string, unknown>> }
)
