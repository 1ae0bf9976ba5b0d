/**
 * A blueprint that runs. The deployment itself is desire only: services with everything resolved.
 * What is true of it (phases, instances) lives beside it in `DeploymentStatus`, written by the deployment reconciler alone.
 */
import type { Argument, Breed, EnvironmentVariable } from './breed.ts'
import type { Gateway } from './gateway.ts'
import type { HealthCheck } from './health-check.ts'
import type { Dialects, Metadata } from './metadata.ts'
import type { Reference } from './reference.ts'
import type { Scale } from './scale.ts'
import type { Sla } from './sla.ts'

export type Intention = 'Deployment' | 'Undeployment'
export type Phase = 'Initiated' | 'Updating' | 'Done' | 'Failed'

export interface DeploymentService {
  readonly intention: Intention
  /** Full content: a deployment does not change because a stored breed did. */
  readonly breed: Breed
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly scale: Scale
  readonly arguments: readonly Argument[]
  readonly health_checks?: readonly HealthCheck[]
  readonly network?: string
  readonly dialects: Dialects
  /** Alias of the dependency in the breed → cluster that provides it. */
  readonly dependencies: Readonly<Record<string, string>>
}

export interface DeploymentCluster {
  readonly name: string
  readonly metadata: Metadata
  readonly services: readonly DeploymentService[]
  /** One per port name; the running settings (weights, conditions) live in the gateway artifact `deployment/cluster/port`. */
  readonly gateways: readonly Gateway[]
  readonly health_checks?: readonly HealthCheck[]
  readonly network?: string
  readonly sla?: Reference<Sla>
  readonly dialects: Dialects
}

export interface Deployment {
  readonly kind: 'deployments'
  readonly name: string
  readonly metadata: Metadata
  readonly clusters: readonly DeploymentCluster[]
  /** `cluster.port` → port number of the internal gateway. */
  readonly ports: Readonly<Record<string, string>>
  /** `cluster.environment_variables.NAME` values at deployment level. */
  readonly environment_variables: readonly EnvironmentVariable[]
  readonly hosts: Readonly<Record<string, string>>
  readonly dialects: Dialects
}

/**
 * Life of an instance: `starting` (not in rotation) → `ready` (in rotation) → `draining` (in rotation for what it has
 * begun, nothing new) → `stopping` (out of every acknowledged table; the container is being ended). `failed` waits for its back-off.
 * A spare one goes from `starting` to `warm`: it is paused, gets no requests, and is `starting` again when it is needed.
 */
export type InstanceState = 'starting' | 'ready' | 'draining' | 'stopping' | 'failed' | 'warm'

export interface InstanceStatus {
  /** Unique over all deployments; the container driver's name for it. */
  readonly id: string
  readonly cluster: string
  /** Breed name. */
  readonly service: string
  readonly host: string
  /** port name → number on `host`. */
  readonly ports: Readonly<Record<string, number>>
  readonly state: InstanceState
  /** ISO-8601. */
  readonly since: string
  /** Why it failed, or why it leaves. */
  readonly reason?: string
  /** Failed starts and early ends in a row; they set the back-off. */
  readonly failures?: number
  /** How often it has ended by itself after it had been ready. */
  readonly crashes?: number
  /** Of the workload that it runs or is about to run. */
  readonly digest?: string
  /** Kept beyond the wanted number, see `Scale.warm`; until it is needed. */
  readonly spare?: true
  /** The last that it printed before it failed. */
  readonly last_lines?: readonly string[]
}

export interface ServiceStatus {
  readonly cluster: string
  readonly service: string
  readonly intention: Intention
  readonly phase: Phase
  /** ISO-8601, of the phase. */
  readonly since: string
  /** Why it failed or what it waits for, in a sentence. */
  readonly notification?: string
}

export interface DeploymentStatus {
  readonly name: string
  readonly services: readonly ServiceStatus[]
  readonly instances: readonly InstanceStatus[]
}
