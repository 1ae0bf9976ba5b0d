/** Stable endpoints and the ways out of them. A cluster's own gateways come and go with the cluster; their weights and conditions are anybody's. */
import { gateways } from '@vamp/model/api/gateways'
import { takenPort } from '@vamp/model/deploy/external-gateways'
import type { Gateway, Route as GatewayRoute } from '@vamp/model/gateway'
import { printJson } from '@vamp/model/print/json'
import { inline } from '@vamp/model/reference'
import { artifactIn, namedArtifact } from './artifacts.ts'
import type { Draft } from './draft.ts'
import { found, notFound } from './found.ts'
import { demandWaysOut } from './gateway-ways.ts'
import { gatewayView } from './gateway-view.ts'
import { pageOf, slice } from './paging.ts'
import { refuse } from './refused.ts'
import { type Call, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { notesOf, revisionOf, write } from './write.ts'

export function gatewayRoutes(world: World): Route[] {
  return [
    route(gateways.list, async ({ query }) => {
      const { items, total } = await world.store.list('gateways', slice(pageOf(query)))
      return value(await Promise.all(items.map(stored => gatewayView(world, stored.value))), { total })
    }),
    route(gateways.get, async ({ path }) => {
      const stored = await found(world, 'gateways', path.gateway)
      return value(await gatewayView(world, stored.value), { revision: stored.revision })
    }),
    route(gateways.create, call => change(world, call, artifactIn('gateways', call.body))),
    route(gateways.put, call => change(world, call, namedArtifact('gateways', call.body, call.path.gateway))),
    route(gateways.delete, async call => {
      const { result, written } = await write(world, call, draft => removeGateway(draft, call.path.gateway, call.expected))
      return written.is === 'planned' ? value(written.plan, { status: 200 }) : value(printJson(result))
    }),
  ]
}

async function change(world: World, call: Pick<Call, 'who' | 'expected'> & { readonly query: object; readonly body: string }, gateway: Gateway): Promise<Reply> {
  const { result, written } = await write(world, call, draft => putGateway(draft, gateway, call.expected, call.body))
  if (written.is === 'planned') return value(written.plan, { status: 200 })
  return value(await gatewayView(world, result), { ...revisionOf(written, gateway.name), ...notesOf(written) })
}

/** Throws `Refused`. */
export async function putGateway(draft: Draft, gateway: Gateway, expected: Call['expected'], source: string): Promise<Gateway> {
  const before = await draft.get('gateways', gateway.name)
  const internal = isInternal(gateway.name)
  if (internal && !before) refuse('InternalGatewayCreateError', `Internal gateway cannot be created: '${gateway.name}'.`, 'name', 'a deployment makes the gateways of its clusters')
  const next = before ? { ...gateway, ...keptPort(gateway, before), ...(internal ? { routes: routesOf(gateway, before) } : {}) } : gateway
  await demandFreePort(draft, next)
  await demandWaysOut(draft, next)
  await draft.put('gateways', next, expected === 'any' ? 'as-read' : expected, source)
  return next
}

/** Throws `Refused`, `Fault('not_found')`. */
export async function removeGateway(draft: Draft, name: string, expected: Call['expected']): Promise<Gateway> {
  const before = await draft.get('gateways', name)
  if (!before) throw notFound('gateways', name)
  if (await hasOwner(draft, name)) refuse('InternalGatewayRemoveError', `Internal gateway cannot be removed: '${name}'.`, '', 'it goes with the last version of its cluster')
  await draft.delete('gateways', name, expected)
  return before
}

function isInternal(name: string): boolean {
  return name.split('/').length === 3
}

/** A port that was found for the gateway stays its port. */
function keptPort({ port, service }: Gateway, before: Gateway): Pick<Gateway, 'port' | 'service'> {
  const kept = service ?? before.service
  return { port: port.number === 0 ? { ...before.port, type: port.type } : port, ...(kept ? { service: kept } : {}) }
}

/** Exactly the cluster's versions: one that is not mentioned gets nothing, one that is unknown is a mistake. */
function routesOf(gateway: Gateway, before: Gateway): readonly GatewayRoute[] {
  const known = new Set(before.routes.map(({ path }) => path))
  const unknown = gateway.routes.find(({ path }) => !known.has(path))
  if (unknown) refuse('InternalGatewayUpdateError', `Internal gateway cannot be updated: '${gateway.name}' has no route '${unknown.path}'.`, `routes/${unknown.path}`, `its routes are ${[...known].join(', ')}`)
  const given = new Set(gateway.routes.map(({ path }) => path))
  return [...gateway.routes, ...before.routes.filter(({ path }) => !given.has(path)).map(({ path }) => ({ path, settings: inline({ metadata: {}, weight: 0, rewrites: [] }) }))]
}

async function demandFreePort(draft: Draft, { name, port, virtual_hosts: hosts }: Gateway): Promise<void> {
  if (port.number === 0) return
  const holder = (await draft.list('gateways')).find(other => other.name !== name && other.port.number === port.number)
  if (holder) refuse('UnavailableGatewayPortError', takenPort(port.number, holder), 'port', hosts.length > 0 ? 'virtual hosts need no port of their own' : undefined)
}

/** Whether a cluster that runs has this gateway as its own. */
async function hasOwner(draft: Draft, name: string): Promise<boolean> {
  const [deployment = '', cluster] = name.split('/')
  if (!isInternal(name)) return false
  const owner = await draft.get('deployments', deployment)
  return owner?.clusters.some(known => known.name === cluster) ?? false
}
