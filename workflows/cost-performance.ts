/**
 * Tells what each service costs per thousand requests and how it performs, and, if told so, gives back instances that performance does not need.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=50  seconds
 * CPU_HOUR=0.03                       price of a core for an hour
 * GB_HOUR=0.004                       price of a gigabyte for an hour
 * P95=250                             milliseconds that 95 of 100 requests should stay within
 * WINDOW=60                           seconds of traffic that are looked at
 * DEPLOYMENT?=                        only this one
 * ACT=no                              yes: one instance less where p95 is below half of P95, one more where it is above it
 * MINIMUM=1                           instances that stay
 * MAXIMUM=10                          instances at most
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const seconds = Number(env['WINDOW'])
const report: object[] = []
for (const { name, clusters } of (await vamp.deployments.list()).filter(deployment => !env['DEPLOYMENT'] || deployment.name === env['DEPLOYMENT'])) {
  for (const [cluster, { services }] of Object.entries(clusters)) for (const { breed, scale, instances } of services) {
    const place = `${name}/${cluster}/${breed.name}`
    const { total } = await vamp.metrics(place, { since: `${seconds}s`, percentile: [95] })
    const perHour = instances.length * (scale.cpu * Number(env['CPU_HOUR']) + (Number.parseFloat(scale.memory) / 1000) * Number(env['GB_HOUR']))
    const p95 = total.latency_ms['p95'] ?? null
    const perThousand = total.requests === 0 ? null : (perHour * seconds) / 3600 / (total.requests / 1000)
    const change = p95 === null ? 0 : p95 > Number(env['P95']) ? 1 : p95 < Number(env['P95']) / 2 ? -1 : 0
    const wanted = Math.min(Number(env['MAXIMUM']), Math.max(Number(env['MINIMUM']), scale.instances + change))
    const row = { place, instances: scale.instances, wanted, cost_per_hour: perHour, cost_per_thousand: perThousand, p95, rate: total.rate }
    report.push(row)
    await vamp.events.publish([`deployments:${name}`, `clusters:${cluster}`, `services:${breed.name}`, 'cost'], row, 'cost')
    if (env['ACT'] !== 'yes' || wanted === scale.instances) continue
    vamp.log(`${place}: p95 ${p95?.toFixed(0)} ms, ${scale.instances} → ${wanted} instances`)
    await vamp.scale(place, { instances: wanted })
  }
}
export default report
