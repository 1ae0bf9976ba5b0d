/**
 * How well services are kept at the right size: simulated days under this project's scaler and its rivals' rules, and, with
 * `--real`, a service of processes (or containers) under a real server.
 *
 *     npm run bench -- scaling [--json] [--seed S] [--seeds N] [--start-up SECONDS] [--scenario PART] [--method PART] [--no-forecast] [--clairvoyant] [--frontier]
 *     npm run bench -- scaling --real step,zero,microscaling,docker,soak [--rounds N] [--changes N] [--kills N] [--json]
 */
import { parseArgs } from 'node:util'
import { clairvoyant } from './clairvoyant.ts'
import { lineOf, microscaling, microscalingOfContainers, soak, step, zero } from './live.ts'
import { ours } from './ours.ts'
import { hpa, keda, kpa, originalSla } from './rivals.ts'
import { forecastScenarios, scenarios } from './scenarios.ts'
import { processes } from './station.ts'
import { type Method, type Outcome, type Scenario, simulate } from './simulator.ts'
import { seeded } from '@vamp/stats/testdata/seeded'

export interface Row {
  readonly seed: number
  readonly scenario: string
  readonly method: string
  readonly slo_miss_share: number
  /** Misses where the work alone kept what was promised. */
  readonly avoidable: number
  readonly instance_hours: number
  readonly decision_s: number | null
  readonly serving_s: number | null
  readonly oscillations: number
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' }, seeds: { type: 'string', default: '1' }, 'start-up': { type: 'string', default: '0.6' }, scenario: { type: 'string' }, method: { type: 'string' }, 'no-forecast': { type: 'boolean', default: false }, clairvoyant: { type: 'boolean', default: false }, frontier: { type: 'boolean', default: false }, real: { type: 'string' }, rounds: { type: 'string', default: '5' }, changes: { type: 'string', default: '500' }, kills: { type: 'string', default: '5' } },
  })
  const say = values.json ? console.error : console.log
  if (values.real !== undefined) {
    const runs = { step, zero, microscaling: () => microscaling(processes, Number(values.rounds)), docker: () => microscalingOfContainers(Number(values.rounds)), soak: () => soak(Number(values.changes), Number(values.kills)) }
    const live = []
    for (const name of values.real.split(',')) if (name in runs) { const row = await runs[name as keyof typeof runs](); live.push(row); say(lineOf(row)) }
    if (values.json) console.log(JSON.stringify({ rows: live }))
    return
  }
  const rows: Row[] = []
  for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.seeds); seed++) {
    const random = seeded(seed)
    const play = (scenario: Scenario, methods: readonly Method[]) => {
      if (values.scenario !== undefined && !values.scenario.split(',').some(part => scenario.name.includes(part))) return
      for (const method of methods) {
        if (values.method !== undefined && !method.name.includes(values.method)) continue
        const row = rowOf(seed, scenario, method, simulate(scenario, method, seeded(seed + 17)))
        rows.push(row)
        say(line(row))
      }
    }
    for (const scenario of scenarios(Number(values['start-up']))) play(scenario, [ours(scenario, 'vamp'), ...(values.frontier ? swept(scenario) : []), hpa(), keda(scenario), kpa(scenario), originalSla(scenario), ...(values.clairvoyant ? MISS_COSTS.map(cost => clairvoyant(scenario, cost)) : [])])
    if (!values['no-forecast']) for (const scenario of forecastScenarios(random)) play(scenario, [ours(scenario, 'vamp, reaction'), ours(scenario, 'vamp, forecast', { prediction: 'auto' })])
  }
  if (values.json) console.log(JSON.stringify({ rows, compared: compare(rows) }))
  else for (const each of compare(rows)) console.log(JSON.stringify(each))
}

/** Instance-seconds that who knows everything spends to spare a late request: a scan of what is possible. */
const MISS_COSTS = [3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000] as const

/** This project's at other settings that its users have: another share of the requests promised, or so many requests a second, or in flight, for each instance. */
const SHARES = ['p90', 'p95', 'p98', 'p99.5', 'p99.9'] as const
const TARGETS = [13, 13.5, 14, 14.5, 15, 15.5, 16, 17, 18] as const
const IN_FLIGHT = [2.8, 3, 3.2, 3.4, 3.6, 4, 4.1] as const

function swept(scenario: Scenario): readonly Method[] {
  return [
    ...SHARES.map(share => ours(scenario, `vamp, ${share}`, { slo: `${share} <= ${scenario.service.sloMs}ms` })),
    ...IN_FLIGHT.map(target => ours(scenario, `vamp, ${target} in flight`, { signals: [{ metric: 'concurrency', target }], slo: undefined })),
    ...TARGETS.map(target => ours(scenario, `vamp, ${target} each`, { signals: [{ metric: 'requests', target }], slo: undefined })),
  ]
}

/** Of our settings that spend no more than the rival, on average over the seeds, the one with the fewest misses. */
function atItsHours(rows: readonly Row[], rival: string, scenario: string) {
  const mean = (method: string, of: (row: Row) => number) => { const its = rows.filter(row => row.scenario === scenario && row.method === method); return its.reduce((sum, row) => sum + of(row), 0) / its.length }
  const [hours, misses] = [mean(rival, row => row.instance_hours), mean(rival, row => row.avoidable)]
  const settings = [...new Set(rows.filter(row => row.scenario === scenario && /^vamp/.test(row.method)).map(({ method }) => method))]
    .map(method => ({ method, hours: mean(method, row => row.instance_hours), misses: mean(method, row => row.avoidable) })).filter(each => each.hours <= hours).toSorted((a, b) => a.misses - b.misses)
  const [best] = settings
  return settings.length > 0 && best ? { best_setting: best.method, its_misses: best.misses, its_hours: Math.round(100 * best.hours) / 100, rival_misses: misses, wins: best.misses < misses } : { wins: false }
}

/** Medians over the seeds, and in which share of them ours has fewer misses, no more instance-hours, and both. */
function compare(rows: readonly Row[]) {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  return [...Map.groupBy(rows.filter(({ method }) => !/^(vamp|clairvoyant)/.test(method)), ({ scenario, method }) => `${scenario}\n${method}`).values()].flatMap(theirs => {
    const [first] = theirs
    const pairs = theirs.flatMap(their => { const our = rows.find(({ seed, scenario, method }) => method === 'vamp' && seed === their.seed && scenario === their.scenario); return our ? [{ our, their }] : [] })
    if (!first || pairs.length === 0) return []
    const share = (holds: (pair: (typeof pairs)[number]) => boolean) => Math.round(100 * pairs.filter(holds).length / pairs.length) / 100
    const fewer = ({ our, their }: (typeof pairs)[number]) => our.avoidable < their.avoidable
    const cheaper = ({ our, their }: (typeof pairs)[number]) => our.instance_hours <= their.instance_hours
    // Late requests of who knew everything and spent no more than the rival.
    const least = (their: Row) => Math.min(...rows.filter(({ seed, scenario, method, instance_hours: hours }) => method.startsWith('clairvoyant') && seed === their.seed && scenario === their.scenario && hours <= their.instance_hours).map(({ avoidable }) => avoidable))
    const possible = rows.some(({ method }) => method.startsWith('clairvoyant')) ? { clairvoyant_fewer: share(({ their }) => least(their) < their.avoidable) } : {}
    return [{
      scenario: first.scenario, rival: first.method, seeds: pairs.length, avoidable: [median(pairs.map(({ our }) => our.avoidable)), median(pairs.map(({ their }) => their.avoidable))],
      hours: [median(pairs.map(({ our }) => our.instance_hours)), median(pairs.map(({ their }) => their.instance_hours))], fewer_misses: share(fewer), no_more_hours: share(cheaper), both: share(pair => fewer(pair) && cheaper(pair)), ...possible, ...(rows.some(({ method }) => method.startsWith('vamp, p')) ? atItsHours(rows, first.method, first.scenario) : {}),
    }]
  })
}

function rowOf(seed: number, { name: scenario }: Scenario, { name: method }: Method, { requests, misses, unavoidable, instanceSeconds, decisionSeconds, servingSeconds, oscillations }: Outcome): Row {
  const rounded = (value: number | null) => value === null ? null : Math.round(value * 100) / 100
  return { seed, scenario, method, slo_miss_share: Number((misses / Math.max(1, requests)).toPrecision(3)), avoidable: misses - unavoidable, instance_hours: Math.round(instanceSeconds / 36) / 100, decision_s: rounded(decisionSeconds), serving_s: rounded(servingSeconds), oscillations }
}

function line({ scenario, method, slo_miss_share: share, avoidable, instance_hours: hours, decision_s: decision, serving_s: serving, oscillations }: Row): string {
  return `${scenario.padEnd(24)} ${method.padEnd(16)} misses ${(100 * share).toFixed(3).padStart(8)} %  avoidable ${String(avoidable).padStart(7)}  instance-hours ${hours.toFixed(2).padStart(8)}  decision ${String(decision ?? '-').padStart(7)}  serving ${String(serving ?? '-').padStart(7)}  turns ${oscillations}`
}

