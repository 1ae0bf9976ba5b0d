/** One version of one service. Reference: the original's `breeds`. */
import type { HealthCheck } from './health-check.ts'
import type { Metadata } from './metadata.ts'
import type { Port } from './port.ts'
import type { Reference } from './reference.ts'

export interface Deployable {
  /** `container/docker` where the artifact gives none; `process` runs `definition` as a command line on the host. */
  readonly type?: string
  readonly definition: string
}

/** An environment variable: `NAME` or `NAME[ALIAS]`; the alias is the name that the container sees; `null` is a place holder that a deployment must fill. */
export interface EnvironmentVariable {
  readonly name: string
  readonly alias?: string
  readonly value: string | null
}

export interface Constant {
  readonly name: string
  readonly alias?: string
  readonly value: string
}

export interface Argument {
  readonly key: string
  readonly value: string
}

export interface Breed {
  readonly kind: 'breeds'
  readonly name: string
  readonly metadata: Metadata
  readonly deployable: Deployable
  readonly ports: readonly Port[]
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly constants: readonly Constant[]
  readonly arguments: readonly Argument[]
  /** alias → breed; a referenced name may end with `*` (prefix match, at deploy time). */
  readonly dependencies: Readonly<Record<string, Reference<Breed>>>
  /** Absent: none given here. Empty: switched off. */
  readonly health_checks?: readonly HealthCheck[]
}
