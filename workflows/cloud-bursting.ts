/**
 * Sends what the home cluster cannot take to another route, such as a second deployment in a cloud, and takes it back when the rush is over.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=10  seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=9  seconds
 * GATEWAY=                           with the two routes
 * HOME=                              route that is preferred
 * CLOUD=                             route that takes the overflow
 * CAPACITY=                          requests per second that home takes well
 * WINDOW=20                          seconds of traffic that are looked at
 * CLOUD_SERVICE?=                    deployment/cluster/service of the cloud, grown with the overflow
 * CLOUD_RATE=50                      requests per second that one instance there takes
 * CLOUD_MAXIMUM=10                   instances there
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const [home = '', cloud = ''] = [env['HOME'], env['CLOUD']]
const { total } = await vamp.metrics({ gateway: env['GATEWAY'] ?? '' }, { since: `${Number(env['WINDOW'])}s` })
const capacity = Number(env['CAPACITY'])
const overflow = Math.max(0, total.rate - capacity)
const wanted = total.rate > 0 ? Math.ceil((overflow / total.rate) * 100) : 0
const gateway = await vamp.gateways.get(env['GATEWAY'] ?? '')
const now = gateway.state.desired[cloud] ?? 0
// Small changes are noise; back home only when there is room to spare.
const next = wanted === 0 && total.rate > capacity * 0.9 ? now : Math.abs(wanted - now) < 3 && wanted !== 0 ? now : wanted

if (env['CLOUD_SERVICE']) {
  const instances = Math.min(Number(env['CLOUD_MAXIMUM']), Math.max(next > 0 ? 1 : 0, Math.ceil(overflow / Number(env['CLOUD_RATE']))))
  // First the instances, then the visitors; and the other way round.
  if (next >= now && instances > 0) await vamp.scale(env['CLOUD_SERVICE'], { instances })
}
if (next !== now) {
  vamp.log(`${total.rate.toFixed(1)} requests/s for ${capacity}: ${next}% go to ${cloud}`)
  await vamp.gateways.weigh(gateway.name, { [home]: `${100 - next}%`, [cloud]: `${next}%` })
  await vamp.events.publish([`gateways:${gateway.name}`, 'cloud-bursting', next > 0 ? 'bursting' : 'home'], { share: next, rate: total.rate }, 'scaling')
}
