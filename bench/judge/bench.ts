/**
 * Plays whole releases in simulated worlds under this project's judge and under its rivals' rules.
 *
 *     npm run bench -- judge [--json] [--runs N] [--seed S] [--rps 5,100,2000] [--method NAME,…] [--scenario PART] [--world FILE] [--lag SECONDS] [--workers N]
 *     npm run bench -- judge --speed | --coverage [--runs N] | --switchback [--runs N]
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { methods, scenarios } from './catalogue.ts'
import type { Row } from './rows.ts'
import { measureCoverage, measureSwitchback } from './side-checks.ts'
import { measureSpeed } from './speed.ts'
import { table } from './table.ts'
import type { Job } from './worker.ts'
import { parseWorld } from './world-file.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false }, runs: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' },
      rps: { type: 'string' }, method: { type: 'string' }, scenario: { type: 'string' }, world: { type: 'string' }, workers: { type: 'string', default: '1' }, lag: { type: 'string', default: '0' }, speed: { type: 'boolean', default: false },
      coverage: { type: 'boolean', default: false }, switchback: { type: 'boolean', default: false },
    },
  })
  if (values.speed) {
    for (const rps of [100, 2000, 20_000]) console.log(JSON.stringify(measureSpeed(rps, Number(values.seed))))
    return
  }
  if (values.coverage || values.switchback) {
    const measure = values.coverage ? measureCoverage : measureSwitchback
    for (const row of measure(Number(values.runs), Number(values.seed))) console.log(JSON.stringify(row))
    return
  }
  const world = values.world === undefined ? undefined : { name: basename(values.world, '.json'), world: parseWorld(readFileSync(values.world, 'utf8')) }
  const rates = (values.rps ?? String(world?.world.rps ?? 100)).split(',').map(Number)
  const wanted = values.method?.split(',')
  const jobs: Job[] = rates.flatMap(rps => scenarios(world)
    .filter(({ name }) => values.scenario === undefined || name.includes(values.scenario))
    .flatMap(({ name }) => methods().filter(method => !wanted || wanted.includes(method.name))
      .map(method => ({ scenario: name, rps, method: method.name, runs: Number(values.runs), seed: Number(values.seed), lag: Number(values.lag), ...(world ? { world } : {}) }))))
  const rows = await playAll(jobs, Math.max(1, Number(values.workers)), row => { if (!values.json) process.stderr.write(`${row.scenario}, ${row.rps}/s, ${row.method}\n`) })
  console.log(values.json ? JSON.stringify({ rows }) : table(rows))
}

/** The machine may have other things to do. */
const HEAP_MB_MAX = 256

async function playAll(jobs: readonly Job[], threads: number, told: (row: Row) => void): Promise<Row[]> {
  const rows: (Row | undefined)[] = []
  let next = 0
  const thread = async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } })
    try {
      for (let at = next++; at < jobs.length; at = next++) {
        const row = await ask(worker, jobs[at])
        rows[at] = row
        told(row)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, thread))
  return rows.filter(row => row !== undefined)
}

function ask(worker: Worker, job: Job | undefined): Promise<Row> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (row: Row | null) => {
      worker.off('error', reject)
      if (row) resolve(row)
      else reject(new Error(`there is no scenario ${job?.scenario} or no method ${job?.method}`))
    })
    worker.postMessage(job)
  })
}
