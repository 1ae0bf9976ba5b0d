/**
 * Sends a scenario of requests through a gateway at a rising rate and reports what the whole chain behind it did. It refuses targets that Vamp does not manage.
 *
 * schedule: {"time": {"period": "PT1H", "repeat": 1, "start": "now"}}
 * GATEWAY=                            that is asked
 * HOSTS=                              where it listens, as the server sees it: 127.0.0.1:9050
 * SCENARIO?=                          [{"method": "GET", "path": "/", "weight": 3}, …] or recorded: events tagged scenario:NAME, given as @NAME
 * FROM=5                              requests per second at the beginning
 * TO=50                               requests per second at the end
 * DURATION=30                         seconds
 * STEPS=5                             so many rates between the two
 * ABORT_ERROR_RATE=0.1                share of failed requests at which it ends
 */
import { vamp } from '@vamp/client/workflow'

interface Step { readonly method?: string; readonly path: string; readonly weight?: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }

const { env } = vamp
const target = env['HOSTS'] ?? ''
const gateway = await vamp.gateways.get(env['GATEWAY'] ?? '').catch(() => { throw new Error(`Vamp manages no gateway '${env['GATEWAY']}': nothing is sent`) })
if (String(gateway.port).split('/')[0] !== target.split(':')[1]) throw new Error(`${target} is not where ${gateway.name} listens (port ${gateway.port}): nothing is sent`)

async function scenario(): Promise<readonly Step[]> {
  const text = env['SCENARIO'] || '[{"path": "/"}]'
  if (!text.startsWith('@')) return JSON.parse(text) as Step[]
  const recorded = await vamp.events.query({ tags: [`scenario:${text.slice(1)}`] }, 100)
  if (recorded.length === 0) throw new Error(`nothing is recorded as scenario:${text.slice(1)}`)
  return recorded.map(({ value }) => value as Step)
}

const steps = await scenario()
const weight = steps.reduce((sum, step) => sum + (step.weight ?? 1), 0)
function pick(): Step {
  let at = Math.random() * weight
  return steps.find(step => { at -= step.weight ?? 1; return at < 0 }) ?? steps[0] ?? { path: '/' }
}

const [from, to, duration, count] = [Number(env['FROM']), Number(env['TO']), Number(env['DURATION']), Math.max(1, Number(env['STEPS']))]
const rows: object[] = []
let aborted = false
for (let index = 0; index < count && !aborted; index++) {
  const rate = count === 1 ? to : from + ((to - from) * index) / (count - 1)
  const latencies: number[] = []
  let failed = 0
  const sent: Promise<void>[] = []
  const began = Date.now()
  const seconds = duration / count
  for (let number = 0; number < rate * seconds; number++) {
    const due = began + (number / rate) * 1000
    if (due > Date.now()) await vamp.sleep((due - Date.now()) / 1000)
    const { method = 'GET', path, body, headers } = pick()
    // From when it was due, so that waiting for a slow answer is part of the slowness.
    sent.push(fetch(`http://${target}${path}`, { method, ...(headers ? { headers } : {}), ...(body === undefined ? {} : { body }) }).then(async response => { await response.text(); if (response.status >= 500) failed++; latencies.push(Date.now() - due) }, () => { failed++ }))
  }
  await Promise.all(sent)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies.length === 0 ? null : Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0)
  const row = { rate, sent: sent.length, reached: Math.round((sent.length / ((Date.now() - began) / 1000)) * 10) / 10, failed, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
  rows.push(row)
  vamp.log(`${rate.toFixed(0)} requests/s: p50 ${row.p50} ms, p99 ${row.p99} ms, ${failed} failed`)
  aborted = failed / Math.max(1, sent.length) > Number(env['ABORT_ERROR_RATE'])
}

const chain = (await vamp.get<{ groups?: readonly { by: string; gateway: string; requests: number; errors: number; latency_ms: Record<string, number> }[] }>('/traffic', { since: `${duration + 5}s`, by: ['gateway'], percentile: [50, 99] })).groups ?? []
const report = { gateway: gateway.name, aborted, steps: rows, chain: chain.map(({ gateway: name, requests, errors, latency_ms }) => ({ gateway: name, requests, errors, ...latency_ms })) }
await vamp.events.publish([`gateways:${gateway.name}`, 'load-test'], report, 'report')
export default report
