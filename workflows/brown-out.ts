/**
 * Sheds optional work while an objective burns: more and more visitors get the light version of a page, and the full one again when it holds.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=5   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=4  seconds
 * GATEWAY=                           with the two routes
 * FULL=                              route with everything
 * LITE=                              route without the optional work
 * P95=                               milliseconds that 95 of 100 requests must stay within
 * ERROR_RATE=0.05                    share of requests that may fail
 * CONDITION?=                        only requests that meet it may be shed, such as: path begins "/recommended"
 * STEP=25                            percent more per look while it burns
 * BACK=10                            percent back per look when it holds
 * WINDOW=10                          seconds of traffic that are looked at
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const gatewayName = env['GATEWAY'] ?? ''
const [full = '', lite = '', condition = ''] = [env['FULL'], env['LITE'], env['CONDITION']]
const { total } = await vamp.metrics({ gateway: gatewayName }, { since: `${Number(env['WINDOW'])}s`, percentile: [95] })
const p95 = total.latency_ms['p95'] ?? 0
const burns = total.requests > 0 && (p95 > Number(env['P95']) || (total.error_rate ?? 0) > Number(env['ERROR_RATE']))
const now = (await vamp.state.get<number>('shed')) ?? 0
// Back only with room to spare, or it would burn again at once.
const calm = total.requests === 0 || (p95 < Number(env['P95']) * 0.8 && !burns)
const next = burns ? Math.min(100, now + Number(env['STEP'])) : calm ? Math.max(0, now - Number(env['BACK'])) : now

if (next !== now) {
  vamp.log(`p95 ${p95.toFixed(0)} ms, ${((total.error_rate ?? 0) * 100).toFixed(1)}% failed: ${next}% get the light version`)
  if (condition) await vamp.gateways.route(gatewayName, lite, { condition: next === 0 ? null : condition, condition_strength: next === 0 ? null : `${next}%`, weight: '0%' })
  else await vamp.gateways.weigh(gatewayName, { [full]: `${100 - next}%`, [lite]: `${next}%` })
  await vamp.state.set('shed', next)
  await vamp.events.publish([`gateways:${gatewayName}`, 'brown-out', burns ? 'shedding' : 'restoring'], { shed: next, p95, error_rate: total.error_rate }, 'scaling')
}
