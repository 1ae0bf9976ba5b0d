/**
 * Whole releases on the real system: HAProxy, processes, the server, visitors at a steady rate. Several services ("lanes") of one
 * server are released side by side, each with visitors of its own.
 *
 *     npm run bench -- releases [--json] [--kinds crash,errors,p99,healthy] [--runs 20] [--lanes 3] [--rate 100] [--minutes 9] [--record FILE] [--read FILE] [--decisions DIR]
 *
 * Runs that are in the record already are not run again, so that a long measurement can be had in slices (`--minutes`).
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Kind, KINDS, openLanes, type Played } from './lanes.ts'
import { rowsOf, table } from './rows.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false }, kinds: { type: 'string', default: KINDS.join(',') }, runs: { type: 'string', default: '20' }, lanes: { type: 'string', default: '3' },
      rate: { type: 'string', default: '100' }, minutes: { type: 'string', default: '60' }, record: { type: 'string' }, read: { type: 'string' }, decisions: { type: 'string' },
    },
  })
  const file = values.read ?? values.record
  const known = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map(line => JSON.parse(line) as Played) : []
  const played = [...known]
  if (values.read === undefined) {
    const jobs = jobsOf(values.kinds.split(',') as Kind[], Number(values.runs), known)
    await playAll(jobs, { lanes: Number(values.lanes), rate: Number(values.rate), decisions: values.decisions, until: performance.now() + Number(values.minutes) * 60_000 }, one => {
      played.push(one)
      if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(one)}\n`)
      process.stderr.write(`${one.kind} ${one.run}: ${one.verdict} after ${one.seconds?.toFixed(1) ?? '–'} s, ${one.failed} failed\n`)
    })
  }
  const rows = rowsOf(played)
  console.log(values.json ? JSON.stringify({ rows }) : table(rows))
}

interface Job { readonly kind: Kind; readonly run: number }

/** The kinds in turn, so that a part of the whole has something of each. */
function jobsOf(kinds: readonly Kind[], runs: number, known: readonly Played[]): Job[] {
  return Array.from({ length: runs }, (_, run) => kinds.map(kind => ({ kind, run }))).flat()
    .filter(({ kind, run }) => !known.some(one => one.kind === kind && one.run === run))
}

async function playAll(jobs: readonly Job[], { lanes: count, rate, until, decisions }: { lanes: number; rate: number; until: number; decisions: string | undefined }, told: (played: Played) => void): Promise<void> {
  if (jobs.length === 0) return
  await using lanes = await openLanes(Math.min(count, jobs.length), rate, decisions)
  let next = 0
  await Promise.all(lanes.all.map(async lane => {
    for (let at = next++; at < jobs.length && performance.now() < until; at = next++) {
      const job = jobs[at]
      if (job) told(await lane.play(job.kind, job.run))
    }
  }))
}
