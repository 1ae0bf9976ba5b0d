/**
 * How well services are kept at the right size: simulated days under this project's scaler and its rivals' rules, and, with
 * `--real`, a service of processes (or containers) under a real server.
 *
 *     npm run bench -- scaling [--json] [--seed S] [--start-up SECONDS] [--scenario PART] [--method PART] [--no-forecast]
 *     npm run bench -- scaling --real step,zero,microscaling,soak [--rounds N] [--changes N] [--kills N] [--json]
 */
import { parseArgs } from 'node:util'
import { lineOf, microscaling, soak, step, zero } from './live.ts'
import { ours } from './ours.ts'
import { hpa, keda, kpa, originalSla } from './rivals.ts'
import { forecastScenarios, scenarios } from './scenarios.ts'
import { type Method, type Outcome, type Scenario, simulate } from './simulator.ts'

export interface Row {
  readonly scenario: string
  readonly method: string
  readonly slo_miss_share: number
  readonly instance_hours: number
  readonly decision_s: number | null
  readonly serving_s: number | null
  readonly oscillations: number
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' }, 'start-up': { type: 'string', default: '0.6' }, scenario: { type: 'string' }, method: { type: 'string' }, 'no-forecast': { type: 'boolean', default: false }, real: { type: 'string' }, rounds: { type: 'string', default: '5' }, changes: { type: 'string', default: '500' }, kills: { type: 'string', default: '5' } },
  })
  if (values.real !== undefined) {
    const runs = { step, zero, microscaling: () => microscaling(Number(values.rounds)), soak: () => soak(Number(values.changes), Number(values.kills)) }
    const live = []
    for (const name of values.real.split(',')) if (name in runs) { const row = await runs[name as keyof typeof runs](); live.push(row); if (!values.json) console.log(lineOf(row)) }
    if (values.json) console.log(JSON.stringify({ rows: live }))
    return
  }
  const rows: Row[] = []
  const random = seeded(Number(values.seed))
  const play = (scenario: Scenario, methods: readonly Method[]) => {
    if (values.scenario !== undefined && !scenario.name.includes(values.scenario)) return
    for (const method of methods) {
      if (values.method !== undefined && !method.name.includes(values.method)) continue
      const row = rowOf(scenario, method, simulate(scenario, method, seeded(Number(values.seed) + 17)))
      rows.push(row)
      if (!values.json) console.log(line(row))
    }
  }
  for (const scenario of scenarios(Number(values['start-up']))) play(scenario, [ours(scenario, 'vamp'), hpa(), keda(scenario), kpa(scenario), originalSla(scenario)])
  if (!values['no-forecast']) for (const scenario of forecastScenarios(random)) play(scenario, [ours(scenario, 'vamp, reaction'), ours(scenario, 'vamp, forecast', { prediction: 'auto' })])
  if (values.json) console.log(JSON.stringify({ rows }))
}

function rowOf({ name: scenario }: Scenario, { name: method }: Method, { requests, misses, instanceSeconds, decisionSeconds, servingSeconds, oscillations }: Outcome): Row {
  const rounded = (value: number | null) => value === null ? null : Math.round(value * 100) / 100
  return { scenario, method, slo_miss_share: Number((misses / Math.max(1, requests)).toPrecision(3)), instance_hours: Math.round(instanceSeconds / 36) / 100, decision_s: rounded(decisionSeconds), serving_s: rounded(servingSeconds), oscillations }
}

function line({ scenario, method, slo_miss_share: share, instance_hours: hours, decision_s: decision, serving_s: serving, oscillations }: Row): string {
  return `${scenario.padEnd(24)} ${method.padEnd(16)} misses ${(100 * share).toFixed(3).padStart(8)} %  instance-hours ${hours.toFixed(2).padStart(8)}  decision ${String(decision ?? '-').padStart(7)}  serving ${String(serving ?? '-').padStart(7)}  turns ${oscillations}`
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
