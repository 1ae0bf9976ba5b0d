import type { Argument, Breed, EnvironmentVariable } from './breed.ts'
import type { HealthCheck } from './health-check.ts'
import type { Dialects, Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'
import type { Scale } from './scale.ts'

export type Schedule =
  | { readonly is: 'daemon' }
  | { readonly is: 'event'; readonly tags: readonly string[] }
  | { readonly is: 'time'; readonly period: string; readonly repeat?: number; readonly start?: string }

export type WorkflowStatus = 'starting' | 'running' | 'stopping' | 'suspended' | 'suspending' | 'restarting'

export interface Workflow {
  readonly kind: 'workflows'
  readonly name: string
  readonly metadata: Metadata
  readonly breed: Reference<Breed>
  readonly schedule: Schedule
  readonly status: WorkflowStatus
  readonly scale?: Reference<Scale>
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly arguments: readonly Argument[]
  readonly network?: string
  readonly health_checks?: readonly HealthCheck[]
  readonly dialects: Dialects
}
