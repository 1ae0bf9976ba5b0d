/** One instance at the will of a person or a script: ended at once, or led out of the traffic first. Its service starts another. */
import { deployments } from '@vamp/model/api/deployments'
import type { DeploymentStatus } from '@vamp/model/deployment'
import { Fault } from '@vamp/model/fault'
import type { Stored } from '../store/store.ts'
import { nothing, type Route, route } from './route.ts'
import type { World } from './world.ts'

export function instanceRoutes(world: World): Route[] {
  return [
    route(deployments.endInstance, async ({ path, query, who }) => {
      const { status, name } = await holderOf(world, path.instance)
      if (query.drain) await drain(world, status, path.instance)
      else await world.containers.stop(path.instance, 0)
      await world.events.append([{ type: 'instance', tags: [`deployments:${name}`, `instances:${path.instance}`, query.drain ? 'instance:drained' : 'instance:killed'], value: { by: who.name } }])
      return nothing
    }),
  ]
}

async function holderOf({ store }: World, instance: string): Promise<{ readonly name: string; readonly status: Stored<'deployment-statuses'> }> {
  const status = (await store.list('deployment-statuses')).items.find(({ value }) => value.instances.some(({ id }) => id === instance))
  if (!status) throw new Fault('not_found', `There is no instance '${instance}'.`)
  return { name: status.name, status }
}

/** As when a service shrinks: no new requests, then what it has begun, then its end. */
async function drain({ store, clock }: World, { name, value, revision }: Stored<'deployment-statuses'>, id: string): Promise<void> {
  const instance = value.instances.find(each => each.id === id)
  if (instance?.state !== 'ready') throw new Fault('conflict', `The instance '${id}' is ${instance?.state ?? 'gone'}; only one that is ready can be drained.`)
  if (!value.instances.some(other => other.id !== id && other.cluster === instance.cluster && other.service === instance.service && other.state === 'ready')) throw new Fault('conflict', `The instance '${id}' is the only one of its service that is ready: scale it up first.`)
  const next: DeploymentStatus = { ...value, instances: value.instances.map(each => each.id === id ? { ...each, state: 'draining', since: new Date(clock.now()).toISOString() } : each) }
  await store.put('deployment-statuses', name, next, revision)
}
