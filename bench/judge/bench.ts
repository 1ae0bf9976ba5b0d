/**
 * Plays whole releases in simulated worlds under this project's judge and under its rivals' rules.
 *
 *     npm run bench -- judge [--json] [--runs N] [--seed S] [--rps 5,100,2000] [--method NAME,…] [--scenario PART] [--world FILE] [--lag SECONDS] [--workers N]
 *     npm run bench -- judge … --record FILE [--first N]     adds runs number N and on to a file, in as many slices as one likes
 *     npm run bench -- judge --read FILE [--json]            the rows of all that is in it
 *     npm run bench -- judge --speed | --coverage [--runs N] | --switchback [--runs N] | --oracle [--runs N]
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { methods, scenarios } from './catalogue.ts'
import { type Row, rowOf } from './rows.ts'
import type { Scenario } from './scenarios.ts'
import { measureCoverage, measureOracle, measureSwitchback } from './side-checks.ts'
import { measureSpeed } from './speed.ts'
import { table } from './table.ts'
import type { Job, Outcome } from './worker.ts'
import { parseWorld } from './world-file.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false }, runs: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' }, record: { type: 'string' }, read: { type: 'string' }, oracle: { type: 'boolean', default: false },
      rps: { type: 'string' }, method: { type: 'string' }, scenario: { type: 'string' }, world: { type: 'string' }, workers: { type: 'string', default: '1' }, lag: { type: 'string', default: '0' }, speed: { type: 'boolean', default: false },
      coverage: { type: 'boolean', default: false }, switchback: { type: 'boolean', default: false },
    },
  })
  if (values.speed) {
    for (const rps of [100, 2000, 20_000]) console.log(JSON.stringify(measureSpeed(rps, Number(values.seed))))
    return
  }
  if (values.coverage || values.switchback || values.oracle) {
    const measure = values.coverage ? measureCoverage : values.oracle ? measureOracle : measureSwitchback
    for (const row of measure(Number(values.runs), Number(values.seed))) console.log(JSON.stringify(row))
    return
  }
  const world = values.world === undefined ? undefined : { name: basename(values.world, '.json'), world: parseWorld(readFileSync(values.world, 'utf8')) }
  const known = scenarios(world)
  const outcomes = values.read === undefined ? await playAll(jobsOf(values, world), Math.max(1, Number(values.workers)), outcome => {
    if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(outcome)}\n`)
    else if (!values.json) process.stderr.write(`${outcome.scenario}, ${outcome.rps}/s, ${outcome.method}\n`)
  }) : readFileSync(values.read, 'utf8').trim().split('\n').map(line => JSON.parse(line) as Outcome)
  const rows = rowsOf(outcomes, known)
  console.log(values.json ? JSON.stringify({ rows }) : table(rows))
}

/** Runs that a thread plays at a time. */
const AT_A_TIME = 25

interface Wanted { readonly runs: string; readonly first: string; readonly seed: string; readonly lag: string; readonly rps?: string | undefined; readonly method?: string | undefined; readonly scenario?: string | undefined }

function jobsOf(values: Wanted, world: Job['world']): Job[] {
  const rates = (values.rps ?? String(world?.world.rps ?? 100)).split(',').map(Number)
  const wanted = values.method?.split(',')
  const [runs, first] = [Number(values.runs), Number(values.first)]
  return rates.flatMap(rps => scenarios(world)
    .filter(({ name }) => values.scenario === undefined || name.includes(values.scenario))
    .flatMap(({ name }) => methods().filter(method => !wanted || wanted.includes(method.name))
      .flatMap(method => Array.from({ length: Math.ceil(runs / AT_A_TIME) }, (_, slice): Job => ({
        scenario: name, rps, method: method.name, first: first + slice * AT_A_TIME, runs: Math.min(AT_A_TIME, runs - slice * AT_A_TIME),
        seed: Number(values.seed), lag: Number(values.lag), ...(world ? { world } : {}),
      })))))
}

/** Outcomes of the same scenario, rate and method are one row, in the order of the scenarios. */
function rowsOf(outcomes: readonly Outcome[], known: readonly Scenario[]): Row[] {
  const keys = [...new Set(outcomes.map(({ scenario, rps, method }) => JSON.stringify([scenario, rps, method])))]
  const rows = keys.flatMap(key => {
    const same = outcomes.filter(({ scenario, rps, method }) => JSON.stringify([scenario, rps, method]) === key)
    const scenario = known.find(({ name }) => name === same[0]?.scenario)
    return scenario && same[0] ? [rowOf(scenario, same[0].rps, same[0].method, same.flatMap(({ played }) => played))] : []
  })
  const place = ({ scenario }: Row) => known.findIndex(({ name }) => name === scenario)
  return rows.sort((a, b) => a.rps - b.rps || place(a) - place(b))
}

/** The machine may have other things to do. */
const HEAP_MB_MAX = 256
/** A simulated second is garbage at once: with little room for it, collecting takes a tenth of the time. */
const YOUNG_MB = 64

async function playAll(jobs: readonly Job[], threads: number, told: (outcome: Outcome) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let next = 0
  const thread = async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: YOUNG_MB } })
    try {
      for (let at = next++; at < jobs.length; at = next++) {
        const outcome = await ask(worker, jobs[at])
        outcomes.push(outcome)
        told(outcome)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, thread))
  return outcomes
}

function ask(worker: Worker, job: Job | undefined): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (outcome: Outcome | null) => {
      worker.off('error', reject)
      if (outcome) resolve(outcome)
      else reject(new Error(`there is no scenario ${job?.scenario} or no method ${job?.method}`))
    })
    worker.postMessage(job)
  })
}
