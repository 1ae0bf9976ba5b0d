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
      const ids = await instancesOf(world, path, query.instance)
      const options = { tail: Math.min(query.tail, LOG_LINES_MAX), follow: query.follow, ...sinceOf(query.since) }
      return { is: 'stream', source: async outlet => { await Promise.all(ids.map(id => follow(world, id, options, outlet))) } }
    }),
    route(deployments.logFile, async ({ path, query, signal }) => ({ is: 'lines', lines: text(world, await instancesOf(world, path, query.instance), sinceOf(query.since), signal) })),
  ]
}

interface ServicePath { readonly deployment: string; readonly cluster: string; readonly service: string }

async function instancesOf({ store }: World, path: ServicePath, instance: string | undefined): Promise<readonly string[]> {
  const deployment = await found({ store }, 'deployments', path.deployment)
  if (!deployment.value.clusters.some(({ name, services }) => name === path.cluster && services.some(({ breed }) => breed.name === path.service)))
    throw new Fault('not_found', `The deployment '${path.deployment}' has no service '${path.service}' in a cluster '${path.cluster}'.`)
  const status = (await store.get('deployment-statuses', path.deployment))?.value
  const ids = (status?.instances ?? []).filter(({ id, cluster, service }) => cluster === path.cluster && service === path.service && (instance === undefined || id === instance)).map(({ id }) => id)
  if (instance !== undefined && ids.length === 0) throw new Fault('not_found', `There is no instance '${instance}'.`)
  return ids
}

function sinceOf(text: string | undefined): { readonly since?: number } {
  if (text === undefined) return {}
  const since = Date.parse(text)
  if (Number.isNaN(since)) throw new Fault('invalid', `since: '${text}' is no time; write it as in 2026-11-28T12:00:00Z.`)
  return { since }
}

/** Instance by instance: whole logs are too long to be sorted. */
async function* text({ containers }: World, ids: readonly string[], options: { readonly since?: number }, signal: AbortSignal): AsyncGenerator<string> {
  for (const id of ids) for await (const { time, stream, line } of containers.logs(id, options, signal)) yield `${new Date(time).toISOString()} ${id} ${stream} ${line}\n`
}

async function follow({ containers }: World, id: string, options: { readonly tail: number; readonly follow: boolean; readonly since?: number }, outlet: Outlet): Promise<void> {
  try {
    for await (const { time, stream, line } of containers.logs(id, options, outlet.signal))
      if (!outlet.send({ event: 'line', data: { timestamp: new Date(time).toISOString(), instance: id, stream, line } })) return
  } catch (error) {
    if (!outlet.signal.aborted) throw error
  }
}
