/** Labels by which containers are found again, and told from those of others. */
import type { HealthCheck } from '@vamp/model/health-check'
import type { Observed, Workload } from '../container-driver.ts'

/** The first three are the original's. */
export const LABELS = {
  deployment: 'io.vamp.deployment', cluster: 'io.vamp.cluster', service: 'io.vamp.service',
  instance: 'io.vamp.instance', digest: 'io.vamp.digest', owner: 'io.vamp.owner', ports: 'io.vamp.ports', checks: 'io.vamp.health-checks', size: 'io.vamp.size',
} as const

export type Labels = Readonly<Record<string, string>>

export function identityLabels(workload: Workload, owner: string, ports: Readonly<Record<string, number>>): Labels {
  return {
    [LABELS.deployment]: workload.deployment, [LABELS.cluster]: workload.cluster, [LABELS.service]: workload.service,
    [LABELS.instance]: workload.id, [LABELS.digest]: workload.digest, [LABELS.owner]: owner,
    [LABELS.ports]: JSON.stringify(ports), [LABELS.checks]: JSON.stringify(workload.health_checks), [LABELS.size]: JSON.stringify({ cpu: workload.cpu, memory: workload.memory }),
  }
}

type Identity = Pick<Observed, 'id' | 'deployment' | 'cluster' | 'service' | 'digest' | 'ports' | 'health_checks' | 'size'>

/** Labels never change, and are looked at whenever anything of their deployment does. */
const known = new WeakMap<Labels, Identity>()

/** What labels say of an instance; `ports` are those that it listens on. */
export function identityOf(labels: Labels): Identity {
  const identity = known.get(labels) ?? readIdentity(labels)
  known.set(labels, identity)
  return identity
}

function readIdentity(labels: Labels): Identity {
  const label = (name: string) => labels[name] ?? ''
  return {
    id: label(LABELS.instance), deployment: label(LABELS.deployment), cluster: label(LABELS.cluster), service: label(LABELS.service), digest: label(LABELS.digest),
    ports: parseLabel<Readonly<Record<string, number>>>(label(LABELS.ports), {}), health_checks: parseLabel<readonly HealthCheck[]>(label(LABELS.checks), []),
    // Started by a server that did not say yet.
    ...(label(LABELS.size) === '' ? {} : { size: parseLabel<{ readonly cpu: number; readonly memory: number }>(label(LABELS.size), { cpu: 0, memory: 0 }) }),
  }
}

export function ownedBy(owner: string): string {
  return JSON.stringify({ label: [`${LABELS.owner}=${owner}`] })
}

function parseLabel<T>(text: string, fallback: T): T {
  try {
    return JSON.parse(text) as T
  } catch {
    return fallback
  }
}
