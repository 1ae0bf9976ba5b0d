/** What the instances of a service print, merged as it comes. */
import { deployments, LOG_LINES_MAX } from '@vamp/model/api/deployments'
import { Fault } from '@vamp/model/fault'
import { found } from './found.ts'
import { type Route, route } from './route.ts'
import type { Outlet } from './sse.ts'
import type { World } from './world.ts'

export function instanceLogRoutes(world: World): Route[] {
  return [
    route(deployments.logs, async ({ path, query }) => {
      const deployment = await found(world, 'deployments', path.deployment)
      if (!deployment.value.clusters.some(({ name, services }) => name === path.cluster && services.some(({ breed }) => breed.name === path.service)))
        throw new Fault('not_found', `The deployment '${path.deployment}' has no service '${path.service}' in a cluster '${path.cluster}'.`)
      const status = (await world.store.get('deployment-statuses', path.deployment))?.value
      const ids = (status?.instances ?? []).filter(({ id, cluster, service }) => cluster === path.cluster && service === path.service && (query.instance === undefined || id === query.instance)).map(({ id }) => id)
      if (query.instance !== undefined && ids.length === 0) throw new Fault('not_found', `There is no instance '${query.instance}'.`)
      const options = { tail: Math.min(query.tail, LOG_LINES_MAX), follow: query.follow }
      return { is: 'stream', source: async outlet => { await Promise.all(ids.map(id => follow(world, id, options, outlet))) } }
    }),
  ]
}

async function follow({ containers }: World, id: string, options: { readonly tail: number; readonly follow: boolean }, outlet: Outlet): Promise<void> {
  try {
    for await (const { time, stream, line } of containers.logs(id, options, outlet.signal))
      if (!outlet.send({ event: 'line', data: { timestamp: new Date(time).toISOString(), instance: id, stream, line } })) return
  } catch (error) {
    if (!outlet.signal.aborted) throw error
  }
}
