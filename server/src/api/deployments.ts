/** What runs. */
import { deployments, type InstanceRow } from '@vamp/model/api/deployments'
import { asBlueprint } from '@vamp/model/deploy/as-blueprint'
import type { Deployment } from '@vamp/model/deployment'
import { parseDeploymentBody } from '@vamp/model/parse/document'
import { printJson } from '@vamp/model/print/json'
import { deploy, deployed, undeploy, undeployAll } from './deploy.ts'
import { deploymentView, instanceRows } from './deployment-view.ts'
import type { Draft } from './draft.ts'
import { found } from './found.ts'
import { pageFrom, pageOf, slice } from './paging.ts'
import { type ReferenceQuery, referring } from './references.ts'
import { accepted } from './refused.ts'
import { type Call, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { notesOf, revisionOf, write } from './write.ts'

type WriteCall = Pick<Call, 'who' | 'expected'> & { readonly query: object }

export function deploymentRoutes(world: World): Route[] {
  const { store } = world
  const show = (deployment: Deployment, query: ReferenceQuery & { readonly as_blueprint: boolean }) => shown(world, deployment, query)
  return [
    route(deployments.list, async ({ query }) => {
      const { items, total } = await store.list('deployments', slice(pageOf(query)))
      return value(await Promise.all(items.map(stored => show(stored.value, query))), { total })
    }),
    route(deployments.get, async ({ path, query }) => {
      const stored = await found(world, 'deployments', path.deployment)
      return value(await show(stored.value, query), { revision: stored.revision })
    }),
    route(deployments.create, call => {
      const body = accepted(parseDeploymentBody(call.body))
      const name = body.is === 'reference' ? body.name : body.blueprint.name
      return change(world, call, draft => deploy(draft, { name, body, expected: call.expected, source: call.body, world }))
    }),
    route(deployments.put, call => {
      const body = accepted(parseDeploymentBody(call.body))
      const input = { name: call.path.deployment, body, expected: call.expected, source: call.body, world }
      return change(world, call, draft => call.query.delete ? undeploy(draft, input) : deploy(draft, input))
    }),
    route(deployments.delete, call => change(world, call, draft => remove(draft, call))),
    route(deployments.instances, async ({ query }) => {
      const statuses = (await store.list('deployment-statuses')).items.map(({ value: status }) => status)
      const rows = statuses.filter(({ name }) => query.deployment === undefined || name === query.deployment).flatMap(status => instanceRows(world, status))
      const { items, total } = pageFrom(rows, query)
      const placed = await withNodes(world, items)
      return value(query.usage ? await withUsage(world, placed) : placed, { total })
    }),
  ]
}

/** A runtime that does not answer is no reason to show nothing. */
async function withNodes({ containers }: World, rows: readonly InstanceRow[]): Promise<readonly InstanceRow[]> {
  const seen = await containers.observe().catch(() => [])
  const nodes = new Map(seen.flatMap(({ id, node }) => node === undefined ? [] : [[id, node] as const]))
  return nodes.size === 0 ? rows : rows.map(row => { const node = nodes.get(row.name); return node === undefined ? row : { ...row, node } })
}

async function withUsage({ usage }: World, rows: readonly InstanceRow[]): Promise<readonly InstanceRow[]> {
  const used = await usage.read()
  return rows.map(row => {
    const { cpu = 0, memoryBytes = 0 } = used.get(row.name) ?? {}
    return used.has(row.name) ? { ...row, usage: { cpu: Math.round(cpu * 1000) / 1000, memory: memoryBytes } } : row
  })
}

async function shown(world: World, deployment: Deployment, { as_blueprint: wanted, ...references }: ReferenceQuery & { readonly as_blueprint: boolean }): Promise<unknown> {
  if (!wanted) return deploymentView(world, deployment)
  const gateways = (await world.store.list('gateways', { prefix: `${deployment.name}/` })).items.map(({ value: gateway }) => gateway)
  return printJson(await referring(world.store, references)(asBlueprint(deployment, gateways)))
}

/** Without a body and without `all` nothing is meant, and nothing happens: a slip must not end a shop. */
function remove(draft: Draft, { path, query, body, expected }: Pick<Call<typeof deployments.delete>, 'path' | 'query' | 'body' | 'expected'>): Promise<Deployment> {
  const name = path.deployment
  if (query.all) return undeployAll(draft, name, expected)
  if (body.trim() === '') return deployed(draft, name)
  return undeploy(draft, { name, body: accepted(parseDeploymentBody(body)), expected, source: body })
}

export async function change(world: World, call: WriteCall, prepare: (draft: Draft) => Promise<Deployment>): Promise<Reply> {
  const { result, written } = await write(world, call, prepare)
  if (written.is === 'planned') return value(written.plan, { status: 200 })
  return value(await deploymentView(world, result), { ...revisionOf(written, result.name), ...notesOf(written) })
}
