/**
 * Leads visitors to the regions where it is day: each route of a gateway stands for a region and gets its share while people work there.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=50  seconds
 * GATEWAY=                            whose routes are the regions
 * REGIONS=                            route@hours from UTC, comma separated: eu@+1,us@-5,asia@+8
 * HOURS=7-21                          when it is day, in the region's own time
 * NIGHT=0                             percent that a region keeps at night, so that it stays warm
 * NOW?=                               a moment to act as if it were now, to try it
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const now = env['NOW'] ? new Date(env['NOW']) : new Date()
const [opens = 0, closes = 24] = (env['HOURS'] ?? '').split('-').map(Number)
const night = Number(env['NIGHT'])
const regions = (env['REGIONS'] ?? '').split(',').map(text => {
  const [route = '', offset = '0'] = text.split('@')
  const hour = (((now.getUTCHours() + now.getUTCMinutes() / 60 + Number(offset)) % 24) + 24) % 24
  return { route, awake: opens <= closes ? hour >= opens && hour < closes : hour >= opens || hour < closes }
})
const awake = regions.filter(region => region.awake)
// At night everywhere, everybody shares.
const day = awake.length > 0 ? awake : regions
const kept = (regions.length - day.length) * night
const share = Math.floor((100 - kept) / day.length)
const weights = Object.fromEntries(regions.map(({ route }, index) => [route, day.some(each => each.route === route) ? share + (regions[index]?.route === day[0]?.route ? 100 - kept - share * day.length : 0) : night]))

const gateway = await vamp.gateways.get(env['GATEWAY'] ?? '')
const changes = Object.entries(weights).filter(([route, weight]) => gateway.state.desired[route] !== weight)
if (changes.length > 0) {
  vamp.log(`it is ${now.toISOString()}: ${Object.entries(weights).map(([route, weight]) => `${route} ${weight}%`).join(', ')}`)
  await vamp.gateways.weigh(gateway.name, Object.fromEntries(Object.entries(weights).map(([route, weight]) => [route, `${weight}%`])))
}
