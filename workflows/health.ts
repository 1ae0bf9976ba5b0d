/**
 * Tells the health of every gateway, route, service, cluster and deployment as events: 1 without errors in the window, 0 with, and the product for what has parts.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=50  seconds
 * HEALTH_TIME_WINDOW=500              seconds of traffic that are looked at
 */
import { vamp } from '@vamp/client/workflow'

const window = Number(vamp.env['HEALTH_TIME_WINDOW'])
const [gateways, deployments, report] = await Promise.all([vamp.gateways.list(), vamp.deployments.list(), vamp.get<{ groups?: readonly Group[] }>('/traffic', { since: `${window}s`, by: ['gateway', 'route'] })])
interface Group { readonly by: string; readonly gateway: string; readonly route?: string; readonly errors: number }

const failed = new Set((report.groups ?? []).filter(({ errors }) => errors > 0).map(({ by, gateway, route }) => by === 'gateway' ? gateway : `${gateway}\n${route}`))
const told: { tags: readonly string[]; type: string; value: number }[] = []
const tell = (tags: readonly string[], value: number) => told.push({ tags: [...tags, 'health'], type: 'health', value })
const routesOf = ({ routes }: { readonly routes: unknown }) => (Array.isArray(routes) ? routes as object[] : [routes as object]).flatMap(map => Object.keys(map))
const routeHealth = new Map<string, number>()

for (const gateway of gateways) {
  tell([`gateways:${gateway.name}`, 'gateway'], failed.has(gateway.name) ? 0 : 1)
  for (const route of routesOf(gateway)) {
    const value = failed.has(`${gateway.name}\n${route}`) ? 0 : 1
    routeHealth.set(`${gateway.name}\n${route}`, value)
    tell([`gateways:${gateway.name}`, 'route', `routes:${route}`], value)
  }
}

for (const deployment of deployments) {
  let whole = 1
  for (const [cluster, { services }] of Object.entries(deployment.clusters)) {
    let part = 1
    for (const { breed, health } of services) {
      const own = [...routeHealth].filter(([place]) => { const [gateway = '', route = ''] = place.split('\n'); return gateway.startsWith(`${deployment.name}/${cluster}/`) && route.split('/').includes(breed.name) }).map(([, value]) => value)
      const instances = health.healthy + health.unhealthy
      const value = own.reduce((product, each) => product * each, 1) * (instances === 0 ? 1 : health.healthy / instances)
      part *= value
      tell([`deployments:${deployment.name}`, `clusters:${cluster}`, 'service', `services:${breed.name}`], value)
    }
    whole *= part
    tell([`deployments:${deployment.name}`, `clusters:${cluster}`, 'cluster'], part)
  }
  tell([`deployments:${deployment.name}`, 'deployment'], whole)
}
await vamp.events.publishAll(told)
