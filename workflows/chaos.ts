/**
 * Breaks something on purpose, for a while and within limits, and reports what visitors noticed: kill instances, slow or fail a route, or cut a zone.
 *
 * schedule: {"time": {"period": "PT1H"}}
 * EXPERIMENT=                        kill, slow, fail or zone
 * GATEWAY=                           whose visitors are watched, and whose route is slowed or failed
 * DEPLOYMENT?=                       of the instances that are killed (kill)
 * COUNT=1                            instances that are killed at a time
 * ROUTE?=                            of the gateway (slow, fail); all of them without it
 * DELAY=500ms                        by which requests are slowed
 * STATUS=503                         with which requests fail
 * SHARE=100%                         of the requests that are slowed or failed
 * ZONE?=                             value of the label that is cut: deployments whose metadata has it (zone)
 * LABEL=zone                         name of that label
 * DURATION=30                        seconds
 * HOURS=9-16                         when it may happen, UTC, on working days
 * DAYS=1-5                           1 is Monday
 * ABORT_ERROR_RATE=0.2               share of failed requests at which it is called off
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const gateway = env['GATEWAY'] ?? ''
const within = (range: string, value: number) => { const [from = 0, to = 0] = range.split('-').map(Number); return value >= from && value <= to }
const now = new Date()
const weekday = ((now.getUTCDay() + 6) % 7) + 1
const numbers = async (since: number) => (await vamp.metrics({ gateway }, { since: `${since}s`, percentile: [50, 99] })).total
const duration = Number(env['DURATION'])

type Undo = () => Promise<void>
const nothing: Undo = async () => {}

/** Faults are a policy of the gateway or of one route; what was there before comes back. */
async function fault(): Promise<Undo> {
  const before = await vamp.gateways.get(gateway)
  const policy = { fault: env['EXPERIMENT'] === 'slow' ? { delay: { time: env['DELAY'], share: env['SHARE'] } } : { abort: { status: Number(env['STATUS']), share: env['SHARE'] } } }
  const route = env['ROUTE'] ?? ''
  if (route) {
    const own = (Array.isArray(before.routes) ? Object.assign({}, ...before.routes as object[]) as Record<string, Record<string, unknown>> : before.routes)[route]
    if (!own) throw new Error(`${gateway} has no route ${route}`)
    await vamp.gateways.route(gateway, route, { policy })
    return async () => { await vamp.gateways.route(gateway, route, { policy: own['policy'] ?? null }) }
  }
  const { state: _, ...whole } = before
  await vamp.gateways.put(gateway, { ...whole, policy })
  return async () => { const { state: __, ...current } = await vamp.gateways.get(gateway); await vamp.gateways.put(gateway, { ...current, policy: whole['policy'] ?? null }) }
}

async function kill(deployment: string, count: number): Promise<string[]> {
  const running = (await vamp.deployments.instances(deployment)).filter(({ state }) => state === 'ready')
  const chosen = running.map(instance => ({ instance, at: Math.random() })).toSorted((a, b) => a.at - b.at).slice(0, count).map(({ instance }) => instance.name)
  for (const name of chosen) await vamp.deployments.kill(name)
  vamp.log(`killed ${chosen.join(', ') || 'nothing: there is none'}`)
  return chosen
}

async function zone(): Promise<string[]> {
  const found = (await vamp.deployments.list()).filter(({ metadata }) => (metadata as Record<string, unknown> | undefined)?.[env['LABEL'] ?? ''] === env['ZONE'])
  if (found.length === 0) throw new Error(`no deployment has the label ${env['LABEL']}: ${env['ZONE']}`)
  return (await Promise.all(found.map(({ name }) => kill(name, Number.POSITIVE_INFINITY)))).flat()
}

async function begin(): Promise<{ undo: Undo; hit: string[] }> {
  switch (env['EXPERIMENT']) {
    case 'slow': case 'fail': return { undo: await fault(), hit: [env['ROUTE'] || gateway] }
    case 'kill': return { undo: nothing, hit: await kill(env['DEPLOYMENT'] ?? '', Number(env['COUNT'])) }
    case 'zone': return { undo: nothing, hit: await zone() }
    default: throw new Error(`EXPERIMENT is kill, slow, fail or zone, not '${env['EXPERIMENT']}'`)
  }
}

async function experiment(): Promise<object> {
  if (!within(env['HOURS'] ?? '', now.getUTCHours()) || !within(env['DAYS'] ?? '', weekday)) {
    vamp.log(`not now: chaos is for ${env['HOURS']} h UTC on days ${env['DAYS']}`)
    return { done: false, reason: 'outside the declared hours' }
  }
  const before = await numbers(30)
  if ((before.error_rate ?? 0) > Number(env['ABORT_ERROR_RATE'])) return { done: false, reason: 'it is bad enough already', before }
  const { undo, hit } = await begin()
  await vamp.state.set('under way', { since: now.toISOString(), experiment: env['EXPERIMENT'], hit })
  let aborted = false
  try {
    for (let second = 0; second < duration && !aborted; second += 2) {
      await vamp.sleep(2)
      const { error_rate: rate, requests } = await numbers(5)
      aborted = requests > 0 && (rate ?? 0) > Number(env['ABORT_ERROR_RATE'])
      if (aborted) vamp.log(`called off: ${((rate ?? 0) * 100).toFixed(1)}% of the requests fail`)
    }
  } finally {
    await undo()
    await vamp.state.delete('under way')
  }
  const during = await numbers(Math.max(5, Math.round((Date.now() - now.getTime()) / 1000)))
  return { done: true, experiment: env['EXPERIMENT'], hit, aborted, before, during }
}

const report = await experiment()
await vamp.events.publish([`gateways:${gateway}`, 'chaos', `chaos:${env['EXPERIMENT']}`], report, 'report')
export default report
