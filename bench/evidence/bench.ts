/**
 * What it costs to measure every request and to keep every event.
 *
 *     npm run bench -- evidence [--json] [--only log,events,series] [--batch N] [--rounds N] [--routes N] [--lines N]
 *     npm run bench -- evidence --exact N [--exact-rate N] [--connections N] [--json]   (counts and percentiles against visitors who count themselves)
 */
import { parseArgs } from 'node:util'
import { embeddedEvents, type EventRates, postgresEvents } from './events.ts'
import { measureExactness } from './exactness.ts'
import { measureLog } from './log-load.ts'
import { measureSeries } from './series.ts'

const numbers = { batch: '500', rounds: '7', lines: '7000000', routes: '100', series: '1000', connections: '6000' }
const PARTS = ['log', 'events', 'series']

type Say = (line: string) => void
type Figures = Readonly<Record<string, number | readonly number[] | null>>

export async function run(args: readonly string[]): Promise<void> {
  const options = Object.fromEntries(Object.entries(numbers).map(([name, fallback]) => [name, { type: 'string', default: fallback } as const]))
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, exact: { type: 'string' }, 'exact-rate': { type: 'string' }, only: { type: 'string', default: PARTS.join() }, ...options } })
  const number = (name: keyof typeof numbers) => Number((values as Record<string, unknown>)[name])
  // With --json the result alone is on the standard output; how far it is, is told all the same.
  const say: Say = line => { if (values.json) console.error(line); else console.log(line) }

  if (values['exact'] !== undefined) {
    const rate = values['exact-rate'] === undefined ? {} : { rate: Number(values['exact-rate']) }
    const figures = await measureExactness({ requests: Number(values['exact']), connections: number('connections'), ...rate, everySeconds: 4, kills: true })
    console.log(values.json ? JSON.stringify(figures) : figures)
    return
  }
  const only = values.only.split(',')
  const figures = {
    ...(only.includes('log') ? await logFigures(say, number('routes'), number('lines'), number('rounds')) : {}),
    ...(only.includes('events') ? await eventFigures(say, number('batch'), number('rounds')) : {}),
    ...(only.includes('series') ? await seriesFigures(say, number('series')) : {}),
  }
  if (values.json) console.log(JSON.stringify(figures))
}

async function logFigures(say: Say, routes: number, lines: number, rounds: number): Promise<Figures> {
  const log = await measureLog({ routes, lines, rounds, steadyPerSecond: 10_000, steadySeconds: 10 })
  say(`the agent: ${Math.round(log.linesPerSecond)} log lines for each second on a core, ${Math.round(log.barePerSecond)} newlines are counted in one, ratio ${round(log.ratio)}; ${(100 * log.share).toFixed(1)} % of a core at 10 000 requests/s, ${log.missing} requests missing`)
  return {
    lines_per_second: Math.round(log.linesPerSecond), newlines_per_second: Math.round(log.barePerSecond), lines_ratio: round(log.ratio),
    core_share_at_10k: Math.round(log.share * 1000) / 1000, lines_missing: log.missing,
  }
}

async function eventFigures(say: Say, batch: number, rounds: number): Promise<Figures> {
  const load = { batch, batches: 40, rounds }
  const embedded = await embeddedEvents(load)
  say(line('embedded database', embedded))
  const postgres = await postgresEvents(load)
  say(postgres ? line('PostgreSQL', postgres) : 'PostgreSQL is not installed')
  return {
    events_ratio_embedded: round(embedded.ratio), events_ratio_postgres: postgres ? round(postgres.ratio) : null,
    events_per_second_embedded: Math.round(embedded.perSecond), events_per_second_postgres: postgres ? Math.round(postgres.perSecond) : null,
  }
}

async function seriesFigures(say: Say, routes: number): Promise<Figures> {
  const series = await measureSeries({ routes, days: 7, every: 600, lastEvery: 120 })
  say(`series of ${routes} routes: p99 over 24 h of one of them ${series.queryMs.toFixed(1)} ms, by ten minutes ${series.pointsMs.toFixed(1)} ms; memory in use at the end of each of seven days: ${series.heapMb.join(', ')} MB; database ${series.databaseMb} MB`)
  return { query_p99_24h_ms: round(series.queryMs), query_p99_24h_by_10m_ms: round(series.pointsMs), week_memory_mb: series.heapMb }
}

function line(name: string, { perSecond, barePerSecond, ratio }: EventRates): string {
  return `${name}: ${Math.round(perSecond)} events/s durable, ${Math.round(barePerSecond)} in a bare loop, ratio ${round(ratio)}`
}

function round(number: number): number {
  return Math.round(number * 100) / 100
}
