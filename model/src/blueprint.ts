/** What should run: clusters of services, the gateways into them, and what is promised. */
import type { Argument, Breed, EnvironmentVariable } from './breed.ts'
import type { Gateway } from './gateway.ts'
import type { HealthCheck } from './health-check.ts'
import type { Dialects, Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'
import type { Scale } from './scale.ts'
import type { Sla } from './sla.ts'

export interface Service {
  readonly breed: Reference<Breed>
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly scale?: Reference<Scale>
  readonly arguments: readonly Argument[]
  readonly health_checks?: readonly HealthCheck[]
  readonly network?: string
  readonly dialects: Dialects
}

export interface Cluster {
  readonly name: string
  readonly metadata: Metadata
  readonly services: readonly Service[]
  /** Internal gateways: one per port; `name` is the port's name, or '' for the anonymous form. Route paths are breed names. */
  readonly gateways: readonly Gateway[]
  readonly health_checks?: readonly HealthCheck[]
  readonly network?: string
  readonly sla?: Reference<Sla>
  readonly dialects: Dialects
}

export interface Blueprint {
  readonly kind: 'blueprints'
  readonly name: string
  readonly metadata: Metadata
  /** External gateways; `name` is the key as written (`9050`, `8080/http`, `front`). Route paths are `cluster/port`. */
  readonly gateways: readonly Gateway[]
  readonly clusters: readonly Cluster[]
  /** Cluster-scope overrides: `cluster.environment_variables.NAME`. */
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly dialects: Dialects
}
