/** A deployment as the original shows it: what is wanted, with phases, instances, health and the gateways' running settings. */
import type { ClusterView, DeploymentView, InstanceRow, InstanceView, ServiceView } from '@vamp/model/api/deployments'
import type { Deployment, DeploymentStatus, InstanceStatus } from '@vamp/model/deployment'
import type { Gateway } from '@vamp/model/gateway'
import { printDeployment } from '@vamp/model/print/deployment'
import { printGatewaySettings } from '@vamp/model/print/gateway'
import type { ViewWorld } from './gateway-view.ts'

type SeenBy = Pick<ViewWorld, 'fleet'>

export async function deploymentView(world: Pick<ViewWorld, 'store' | 'fleet'>, deployment: Deployment): Promise<DeploymentView> {
  const { store } = world
  const { name } = deployment
  const [stored, gateways] = await Promise.all([store.get('deployment-statuses', name), store.list('gateways', { prefix: `${name}/` })])
  const status: DeploymentStatus = stored?.value ?? { name, services: [], instances: [] }
  const printed = printDeployment(deployment, status) as unknown as DeploymentView
  const internal = gateways.items.map(({ value }) => value).filter(gateway => gateway.name.split('/').length === 3)
  return { ...printed, clusters: Object.fromEntries(Object.entries(printed.clusters).map(([cluster, view]) => [cluster, clusterView(world, cluster, view, status, deployment, internal)])) }
}

function clusterView(world: SeenBy, name: string, view: ClusterView, status: DeploymentStatus, deployment: Deployment, gateways: readonly Gateway[]): ClusterView {
  const own = gateways.filter(gateway => gateway.name.startsWith(`${deployment.name}/${name}/`))
  return {
    ...view,
    services: view.services.map(service => serviceView(world, service, name, status)),
    gateways: own.length === 0 ? view.gateways : Object.fromEntries(own.map(gateway => [gateway.name.split('/')[2] ?? '', printGatewaySettings(short(gateway))])),
  }
}

/** Inside a deployment a route is the version's name. */
function short(gateway: Gateway): Gateway {
  return { ...gateway, routes: gateway.routes.map(route => ({ ...route, path: route.path.split('/')[2] ?? route.path })) }
}

function serviceView(world: SeenBy, view: ServiceView, cluster: string, { services, instances }: DeploymentStatus): ServiceView {
  const breed = view.breed.name
  const own = instances.filter(instance => instance.cluster === cluster && instance.service === breed)
  const known = services.find(service => service.cluster === cluster && service.service === breed)
  const since = known?.since ?? ''
  const count = (...states: readonly InstanceStatus['state'][]) => own.filter(({ state }) => states.includes(state)).length
  return {
    ...view,
    status: {
      intention: view.status.intention, since,
      phase: { name: known?.phase ?? 'Initiated', since, ...(known?.notification === undefined ? {} : { notification: known.notification }) },
    },
    instances: own.map(instance => instanceView(world, instance)),
    health: { staged: count('starting'), running: own.length - count('failed'), healthy: count('ready', 'draining'), unhealthy: count('failed') },
  }
}

/** What leaves still answers what it has begun. */
function instanceView({ fleet }: SeenBy, { id, host, ports, state, since, reason, crashes, last_lines: lines }: InstanceStatus): InstanceView {
  return { name: id, host, ports, deployed: state === 'draining' || (state === 'ready' && fleet.serves(id)), state, since, ...(reason === undefined ? {} : { reason }), ...(crashes === undefined ? {} : { crashes }), ...(lines === undefined ? {} : { last_lines: lines }) }
}

export function instanceRows(world: SeenBy, { name, instances }: DeploymentStatus): InstanceRow[] {
  return instances.map(instance => ({ deployment: name, cluster: instance.cluster, service: instance.service, ...instanceView(world, instance) }))
}
