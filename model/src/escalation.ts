import type { Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'

interface EscalationBase {
  readonly kind: 'escalations'
  readonly name: string
  readonly metadata: Metadata
}

export type Escalation = EscalationBase & (
  | { readonly type: 'to_all' | 'to_one'; readonly escalations: readonly Reference<Escalation>[] }
  | {
    readonly type: 'scale_instances' | 'scale_cpu' | 'scale_memory'
    readonly minimum: number
    readonly maximum: number
    /** Instances, cores or megabytes, after the type. */
    readonly scale_by: number
    readonly target?: string
  }
  | { readonly type: 'generic'; readonly type_name: string; readonly parameters: Readonly<Record<string, unknown>> }
)
