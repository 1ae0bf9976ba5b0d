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
  /** Of scripts: `sandbox` has no files, no processes and only the network it names; `node` is a whole Node.js, where the operator allows it. Default `sandbox`. */
  readonly runner?: ScriptRunner
  /** Seconds after which a run is ended; 0 never. */
  readonly timeout?: number
  /** What becomes of a trigger while a run is under way. */
  readonly overlap?: Overlap
  /** How often a failed run is tried again, besides the first time. */
  readonly retries?: number
  /** Beside Vamp's own API: `example.com`, `example.com:8443`. */
  readonly hosts?: readonly string[]
}

export const RUNNERS = ['sandbox', 'node'] as const
export type ScriptRunner = (typeof RUNNERS)[number]

/** `queue`: one after the other; `skip`: it is left out, and recorded as that; `allow`: beside it. */
export const OVERLAPS = ['queue', 'skip', 'allow'] as const
export type Overlap = (typeof OVERLAPS)[number]
