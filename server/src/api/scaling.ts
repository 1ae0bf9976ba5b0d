/** Why services have the size they have. */
import { type SizeExplained, scaling } from '@vamp/model/api/scaling'
import type { AutoscalerStatus } from '@vamp/model/autoscaler-status'
import { Fault } from '@vamp/model/fault'
import { replayAutoscaler } from '../scaling/replay.ts'
import { artifactIn } from './artifacts.ts'
import { found } from './found.ts'
import { type Route, route, value } from './route.ts'
import { durationOf } from './traffic.ts'
import type { World } from './world.ts'

/** More would take the server's time from everybody. */
const REPLAY_SECONDS_MAX = 8 * 86_400

export function scalingRoutes(world: World): Route[] {
  return [
    route(scaling.statuses, async () => value((await world.store.list('autoscaler-statuses')).items.map(({ name, value: stored }) => world.scaling.status(name) ?? stored))),
    route(scaling.status, async ({ path }) => value(await statusOf(world, path.name))),
    route(scaling.points, async ({ path, query }) => {
      const status = await statusOf(world, path.name)
      const since = Math.floor(world.clock.now() / 1000) - durationOf(query.since)
      return value(status.services.map(({ service }) => ({ service, points: world.scaling.read(path.name, service, since) })))
    }),
    route(scaling.replay, async ({ body, query }) => {
      const to = Math.floor(world.clock.now() / 1000)
      const seconds = durationOf(query.since)
      if (seconds > REPLAY_SECONDS_MAX) throw new Fault('invalid', `A replay may reach back ${REPLAY_SECONDS_MAX / 86_400} days.`)
      return value(await replayAutoscaler(world.traffic, artifactIn('autoscalers', body), { from: to - seconds, to, startUpSeconds: query.start_up }))
    }),
    route(scaling.explain, async ({ path }) => value(await explain(world, path.deployment, path.cluster))),
  ]
}

async function statusOf(world: World, name: string): Promise<AutoscalerStatus> {
  await found(world, 'autoscalers', name)
  const status = world.scaling.status(name) ?? (await world.store.get('autoscaler-statuses', name))?.value
  if (!status) throw new Fault('not_found', `The autoscaler '${name}' has not looked at anything yet.`)
  return status
}

async function explain({ store, events, scaling: seen }: World, deployment: string, cluster: string): Promise<SizeExplained[]> {
  const stored = await found({ store }, 'deployments', deployment)
  const its = stored.value.clusters.find(({ name }) => name === cluster)
  if (!its) throw new Fault('not_found', `The deployment '${deployment}' has no cluster '${cluster}'; it has ${stored.value.clusters.map(({ name }) => name).join(', ')}.`)
  const [instances, statuses, sla] = [(await store.get('deployment-statuses', deployment))?.value.instances ?? [], (await store.list('autoscaler-statuses')).items, (await store.get('sla-statuses', deployment))?.value.clusters[cluster]]
  const keeping = statuses.map(({ name, value: known }) => seen.status(name) ?? known).filter(status => status.deployment === deployment && status.cluster === cluster)
  return Promise.all(its.services.map(async ({ breed, scale }): Promise<SizeExplained> => {
    const by = keeping.find(({ services, mode }) => mode === 'act' && services.some(({ service }) => service === breed.name))
    const own = by?.services.find(({ service }) => service === breed.name)
    const [last] = (await events.query({ type: 'scaling', tags: [`deployments:${deployment}`, `clusters:${cluster}`, `services:${breed.name}`] }, { limit: 1 })).events
    const changed = last && changeOf(last.timestamp, last.value)
    const ready = instances.filter(each => each.cluster === cluster && each.service === breed.name && each.state === 'ready').length
    const plain = `${scale.instances} ${scale.instances === 1 ? 'instance' : 'instances'} because its scale says so${changed ? `; ${changed.by} changed it from ${changed.from} to ${changed.to}: ${changed.sentence}` : ': nobody scales it.'}`
    return {
      deployment, cluster, service: breed.name, instances: scale.instances, ready, sentence: own?.sentence ?? plain,
      ...(by ? { autoscaler: by.name } : {}), ...(own ? { scaling: own } : {}), ...(sla ? { sla } : {}), ...(changed ? { changed } : {}),
    }
  }))
}

function changeOf(at: string, told: unknown): SizeExplained['changed'] {
  const { from, to, by, sentence } = told as { readonly from: { readonly instances: number }; readonly to: { readonly instances: number }; readonly by: string; readonly sentence: string }
  return { at, by, from: from.instances, to: to.instances, sentence }
}
