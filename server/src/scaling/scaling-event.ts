/** What is told when a service gets another size, whoever wanted it. */
import type { Deployment } from '@vamp/model/deployment'
import type { NewEvent } from '@vamp/model/event'
import type { Scale } from '@vamp/model/scale'

export interface ScalingCause {
  /** `sla`, or `autoscaler:web`. */
  readonly by: string
  readonly sentence: string
  /** The numbers it was decided on. */
  readonly evidence?: unknown
}

/** One event for each service whose size differs. */
export function scalingEvents(before: Deployment, after: Deployment, cause: ScalingCause): NewEvent[] {
  return after.clusters.flatMap(cluster => cluster.services.flatMap(({ breed, scale }): NewEvent[] => {
    const old = before.clusters.find(({ name }) => name === cluster.name)?.services.find(service => service.breed.name === breed.name)?.scale
    if (!old || sameSize(old, scale)) return []
    return [{
      type: 'scaling',
      tags: [`deployments:${after.name}`, `clusters:${cluster.name}`, `services:${breed.name}`, `scaling:${larger(old, scale) ? 'up' : 'down'}`, ...(cause.by.includes(':') ? [cause.by.replace('autoscaler:', 'autoscalers:')] : [])],
      value: { from: sizeOf(old), to: sizeOf(scale), ...cause },
    }]
  }))
}

const sizeOf = ({ instances, cpu, memory }: Scale) => ({ instances, cpu, memory })
const sameSize = (a: Scale, b: Scale) => a.instances === b.instances && a.cpu === b.cpu && a.memory === b.memory
const larger = (a: Scale, b: Scale) => b.instances > a.instances || (b.instances === a.instances && (b.cpu > a.cpu || (b.cpu === a.cpu && b.memory > a.memory)))
