/**
 * Tells requests per second and response time of every gateway and route as events.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=50  seconds
 * METRICS_TIME_WINDOW=500             seconds of traffic that are looked at
 */
import { vamp } from '@vamp/client/workflow'

interface Group { readonly by: string; readonly gateway: string; readonly route?: string; readonly rate: number; readonly latency_ms: Readonly<Record<string, number>> }

/** The middle of each tenth of the requests: their mean is the mean response time, but for the outermost twentieths. */
const MIDDLES = [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]
const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits
const meanOf = ({ latency_ms }: Group) => { const values = Object.values(latency_ms); return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length }

const { groups = [] } = await vamp.get<{ groups?: readonly Group[] }>('/traffic', { since: `${Number(vamp.env['METRICS_TIME_WINDOW'])}s`, by: ['gateway', 'route'], percentile: MIDDLES })
const routesOf = ({ routes }: { readonly routes: unknown }) => (Array.isArray(routes) ? routes as object[] : [routes as object]).flatMap(map => Object.keys(map))

const told: { tags: readonly string[]; type: string; value: number }[] = []
for (const gateway of await vamp.gateways.list()) {
  for (const route of [undefined, ...routesOf(gateway)]) {
    const group = groups.find(each => each.gateway === gateway.name && (route === undefined ? each.by === 'gateway' : each.by === 'route' && each.route === route))
    const tags = [`gateways:${gateway.name}`, ...(route === undefined ? ['gateway'] : [`routes:${route}`, 'route'])]
    told.push({ tags: [...tags, 'metrics:rate'], type: 'metrics', value: group ? rounded(group.rate, 2) : 0 })
    told.push({ tags: [...tags, 'metrics:responseTime'], type: 'metrics', value: group ? rounded(meanOf(group), 1) : 0 })
  }
}
await vamp.events.publishAll(told)
