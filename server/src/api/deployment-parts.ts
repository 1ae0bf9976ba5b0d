/** Single settings of what runs: the size of a service, the promise of a cluster. */
import { deployments } from '@vamp/model/api/deployments'
import type { Deployment, DeploymentCluster, DeploymentService } from '@vamp/model/deployment'
import { Fault } from '@vamp/model/fault'
import { artifactOf } from '@vamp/model/parse/document'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import { printScale } from '@vamp/model/print/scale'
import { printSla } from '@vamp/model/print/sla'
import { printReference } from '@vamp/model/print/fields'
import { inline, type Reference, reference } from '@vamp/model/reference'
import type { Scale } from '@vamp/model/scale'
import type { Sla } from '@vamp/model/sla'
import { deployed } from './deploy.ts'
import type { Draft } from './draft.ts'
import { found, notFound } from './found.ts'
import { keeperOf, undone } from './keeper.ts'
import { accepted, refuse } from './refused.ts'
import { type Call, nothing, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { write } from './write.ts'

export function deploymentPartRoutes(world: World): Route[] {
  const cluster = async (path: { readonly deployment: string; readonly cluster: string }) => clusterOf((await found(world, 'deployments', path.deployment)).value, path.cluster)
  const promise = (call: Call<typeof deployments.putSla>) => putSla(world, call)
  return [
    route(deployments.getScale, async ({ path }) => value(printScale(serviceOf(await cluster(path), path.service).scale))),
    route(deployments.putScale, call => putScale(world, call)),
    route(deployments.getSla, async ({ path }) => {
      const { sla } = await cluster(path)
      if (!sla) throw new Fault('not_found', `Nothing is promised of the cluster '${path.cluster}'.`)
      return value(printReference(sla, printSla))
    }),
    route(deployments.putSla, promise),
    route(deployments.postSla, call => promise(call)),
    route(deployments.deleteSla, async call => {
      const { written } = await write(world, call, draft => changeCluster(draft, call, '', ({ sla: _, ...rest }) => rest))
      return written.is === 'planned' ? value(written.plan, { status: 200 }) : nothing
    }),
  ]
}

async function putScale(world: World, call: Call<typeof deployments.putScale>): Promise<Reply> {
  const { result, written } = await write(world, call, async draft => {
    const before = serviceOf(clusterOf(await deployed(draft, call.path.deployment), call.path.cluster), call.path.service)
    const scale = await scaleOf(draft, call.body, before.scale)
    const keeper = scale.instances === before.scale.instances ? undefined : await keeperOf(world, draft, call.path)
    if (keeper) throw undone(keeper, call.path)
    await changeCluster(draft, call, JSON.stringify(call.body), cluster => ({
      ...cluster, services: cluster.services.map(service => service.breed.name === call.path.service ? { ...service, scale } : service),
    }))
    return scale
  })
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : value(printScale(result))
}

/** The name of a stored scale, or a size; what it leaves out stays. */
async function scaleOf(draft: Draft, body: unknown, before: Scale): Promise<Scale> {
  const fields = typeof body === 'string' ? { reference: body } : body as Readonly<Record<string, unknown>>
  const name = fields['reference'] ?? fields['ref']
  if (typeof name === 'string') {
    const stored = await draft.get('scales', name)
    if (!stored) throw notFound('scales', name)
    return stored
  }
  const { kind: _kind, name: _name, metadata: _metadata, ...current } = printScale({ ...before, name: 'scale' }) as Readonly<Record<string, unknown>>
  return { ...accepted(artifactOf('scales', { ...current, ...fields, name: 'scale' })), name: '' }
}

async function putSla(world: World, call: Call<typeof deployments.putSla>): Promise<Reply> {
  const sla = slaOf(call.body)
  const { written } = await write(world, call, draft => changeCluster(draft, call, call.body, cluster => ({ ...cluster, sla })))
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : value(printReference(sla, printSla))
}

function slaOf(text: string): Reference<Sla> {
  const [document] = accepted(parseSource(text))
  const body = document ? plainValue(document.root) : undefined
  if (typeof body === 'string') return reference(body)
  if (typeof body !== 'object' || body === null) return refuse('UnexpectedTypeError', 'an SLA or the name of one is expected here')
  const name = (body as Readonly<Record<string, unknown>>)['reference']
  return typeof name === 'string' ? reference(name) : inline({ ...accepted(artifactOf('slas', { ...body, name: 'sla' })), name: '' })
}

async function changeCluster(draft: Draft, { path, expected }: { readonly path: { readonly deployment: string; readonly cluster: string } } & Pick<Call, 'expected'>, source: string, change: (cluster: DeploymentCluster) => DeploymentCluster): Promise<void> {
  const deployment = await deployed(draft, path.deployment)
  clusterOf(deployment, path.cluster)
  const changed = { ...deployment, clusters: deployment.clusters.map(cluster => cluster.name === path.cluster ? change(cluster) : cluster) }
  await draft.put('deployments', changed, expected === 'any' ? 'as-read' : expected, source)
}

function clusterOf(deployment: Deployment, name: string): DeploymentCluster {
  const cluster = deployment.clusters.find(known => known.name === name)
  if (!cluster) throw new Fault('not_found', `The deployment '${deployment.name}' has no cluster '${name}'.`)
  return cluster
}

function serviceOf(cluster: DeploymentCluster, name: string): DeploymentService {
  const service = cluster.services.find(({ breed }) => breed.name === name)
  if (!service) throw new Fault('not_found', `The cluster '${cluster.name}' has no service '${name}'.`)
  return service
}
