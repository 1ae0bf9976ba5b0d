/**
 * Gives a service as many instances as its requests need, in thirty lines: a beginning for rules of your own. (An autoscaler is quicker and predicts.)
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=10  seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=9  seconds
 * PLACE=                             deployment/cluster, or deployment/cluster/service
 * RATE=                              requests per second that one instance takes well
 * MINIMUM=1                          instances
 * MAXIMUM=10                         instances
 * WINDOW=30                          seconds of traffic that are looked at
 * PATIENCE=3                         looks in a row that must ask for fewer instances before one goes
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const place = env['PLACE'] ?? ''
const [deployment = '', cluster = '', service] = place.split('/')
const { total } = await vamp.metrics(place, { since: `${Number(env['WINDOW'])}s` })
const { clusters } = await vamp.deployments.get(deployment)
const found = clusters[cluster]?.services.find(({ breed }) => service === undefined || breed.name === service)
if (!found) throw new Error(`there is nothing at ${place}`)

const now = found.scale.instances
const wanted = Math.min(Number(env['MAXIMUM']), Math.max(Number(env['MINIMUM']), Math.ceil(total.rate / Number(env['RATE']))))
const fewer = wanted < now ? ((await vamp.state.get<number>('fewer')) ?? 0) + 1 : 0
await vamp.state.set('fewer', fewer)
// Up at once and as far as needed, down one by one and only when it stays so.
const next = wanted > now ? wanted : fewer >= Number(env['PATIENCE']) ? now - 1 : now
if (next !== now) {
  vamp.log(`${place}: ${total.rate.toFixed(1)} requests/s, ${now} → ${next} instances`)
  await vamp.scale(`${deployment}/${cluster}/${found.breed.name}`, { instances: next })
  await vamp.events.publish([`deployments:${deployment}`, `clusters:${cluster}`, 'autoscaling'], { from: now, to: next, rate: total.rate }, 'scaling')
}
