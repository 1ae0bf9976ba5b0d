/**
 * The original's canary recipe in a few lines: STEP % more of the visitors every WAIT seconds, all the way back when the new version fails.
 *
 *     vamp workflow run examples/workflows/canary.ts --set GATEWAY=shop/web/http --set OLD=shop/web/web:1.0/http --set NEW=shop/web/web:1.1/http
 *
 * A release does this with statistics instead of a threshold: see docs/releases.md.
 */
import { vamp } from '@vamp/client/workflow'

const { GATEWAY: gateway = '', OLD: old = '', NEW: next = '', STEP = '5', WAIT = '5' } = vamp.env

for (let share = Number(STEP); share <= 100; share += Number(STEP)) {
  await vamp.gateways.weigh(gateway, { [old]: `${100 - share}%`, [next]: `${share}%` })
  await vamp.sleep(Number(WAIT))
  const { total } = await vamp.metrics({ gateway, route: next }, { since: `${WAIT}s` })
  vamp.log(`${share}%: ${total.requests} requests, ${total.errors} failed`)
  if (total.errors === 0) continue
  await vamp.gateways.weigh(gateway, { [old]: '100%', [next]: '0%' })
  throw new Error(`${next} failed ${total.errors} of ${total.requests} requests: all visitors are back at ${old}`)
}
export default `${next} has all visitors`
