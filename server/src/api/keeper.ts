/** Who keeps a service at its size, if somebody does: an autoscaler undoes what a person orders beside it, and a file read again gives no size. */
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { Deployment, DeploymentCluster, DeploymentService } from '@vamp/model/deployment'
import type { Escalation } from '@vamp/model/escalation'
import { Fault } from '@vamp/model/fault'
import type { Reference } from '@vamp/model/reference'
import type { Sla } from '@vamp/model/sla'
import type { Draft } from './draft.ts'
import type { World } from './world.ts'

export interface Kept { readonly deployment: string; readonly cluster: string; readonly service: string }

export type SizeWorld = Pick<World, 'scaling' | 'config'>

export async function keeperOf({ scaling }: Pick<World, 'scaling'>, draft: Draft, kept: Kept): Promise<Autoscaler | undefined> {
  return (await draft.list('autoscalers')).find(autoscaler => autoscaler.mode === 'act' && keeps(autoscaler, kept) && scaling.status(autoscaler.name)?.problem === undefined)
}

const keeps = (autoscaler: Autoscaler, { deployment, cluster, service }: Kept) => autoscaler.deployment === deployment && autoscaler.cluster === cluster && (autoscaler.service === undefined || autoscaler.service === service)

export function undone({ name, minimum, maximum }: Autoscaler, { deployment, cluster, service }: Kept): Fault {
  return new Fault('conflict', `The autoscaler '${name}' keeps ${deployment}/${cluster}/${service} between ${minimum} and ${maximum} instances and would undo it. Change its minimum or maximum, or pause it with 'mode: shadow', and scale then: vamp get autoscaler ${name} -o yaml, change it, vamp apply -f.`, { autoscaler: name, minimum, maximum })
}

/** What runs keeps the number of instances that somebody has found for it; the one in the document is for a first start. */
export async function withKeptSizes(world: SizeWorld, draft: Draft, before: Deployment | undefined, after: Deployment): Promise<{ readonly deployment: Deployment; readonly notes: readonly string[] }> {
  const notes: string[] = []
  const clusters: DeploymentCluster[] = []
  for (const cluster of after.clusters) {
    const running = before?.clusters.find(({ name }) => name === cluster.name)
    const services: DeploymentService[] = []
    for (const service of cluster.services) {
      const runs = running?.services.find(({ breed, intention }) => breed.name === service.breed.name && intention === 'Deployment')
      const by = runs && runs.scale.instances !== service.scale.instances ? await sizerOf(world, draft, after, running, cluster, service) : undefined
      services.push(runs && by !== undefined ? { ...service, scale: { ...service.scale, instances: runs.scale.instances } } : service)
      if (runs && by !== undefined) notes.push(`${cluster.name}/${service.breed.name}: instances stay ${runs.scale.instances}, not ${service.scale.instances}: ${by}.`)
    }
    clusters.push({ ...cluster, services })
  }
  return notes.length === 0 ? { deployment: after, notes } : { deployment: { ...after, clusters }, notes }
}

async function sizerOf(world: SizeWorld, draft: Draft, deployment: Deployment, running: DeploymentCluster | undefined, cluster: DeploymentCluster, { breed }: DeploymentService): Promise<string | undefined> {
  const keeper = await keeperOf(world, draft, { deployment: deployment.name, cluster: cluster.name, service: breed.name })
  if (keeper) return `autoscaler ${keeper.name} sizes it`
  // A promise that comes with this very document has found no size yet.
  const promised = world.config.slaPeriod > 0 && running?.sla !== undefined && await scales(draft, cluster.sla)
  return promised ? `the SLA of ${deployment.name}/${cluster.name} sizes it; vamp scale ${deployment.name}/${cluster.name}/${breed.name} <instances> gives it another size` : undefined
}

async function scales(draft: Draft, given: Reference<Sla> | undefined): Promise<boolean> {
  const sla = given?.is === 'reference' ? await draft.get('slas', given.reference) : given?.value
  const seen = new Set<string>()
  const some = async (escalations: readonly Reference<Escalation>[]): Promise<boolean> => {
    for (const escalation of escalations) {
      if (escalation.is === 'reference' && seen.has(escalation.reference)) continue
      if (escalation.is === 'reference') seen.add(escalation.reference)
      const value = escalation.is === 'reference' ? await draft.get('escalations', escalation.reference) : escalation.value
      if (value?.type === 'scale_instances' && value.target === undefined) return true
      if ((value?.type === 'to_all' || value?.type === 'to_one') && await some(value.escalations)) return true
    }
    return false
  }
  return some(sla?.escalations ?? [])
}
