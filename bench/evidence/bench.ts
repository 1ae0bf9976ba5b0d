/**
 * What it costs to measure every request and to keep every event.
 *
 *     npm run bench -- evidence [--json] [--batch N] [--rounds N] [--routes N] [--lines N]
 *     npm run bench -- evidence --exact N [--connections N] [--json]   (counts and percentiles against visitors who count themselves)
 */
import { parseArgs } from 'node:util'
import { embeddedEvents, type EventRates, postgresEvents } from './events.ts'
import { measureExactness } from './exactness.ts'
import { measureLog } from './log-load.ts'
import { measureSeries } from './series.ts'

const numbers = { batch: '500', rounds: '7', lines: '3000000', routes: '100', series: '1000', connections: '6000' }

export async function run(args: readonly string[]): Promise<void> {
  const options = Object.fromEntries(Object.entries(numbers).map(([name, fallback]) => [name, { type: 'string', default: fallback } as const]))
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, exact: { type: 'string' }, ...options } })
  const number = (name: keyof typeof numbers) => Number((values as Record<string, unknown>)[name])
  // With --json the result alone is on the standard output; how far it is, is told all the same.
  const say = (line: string) => { if (values.json) console.error(line); else console.log(line) }

  if (values['exact'] !== undefined) {
    const figures = await measureExactness({ requests: Number(values['exact']), connections: number('connections'), everySeconds: 4, kills: true })
    console.log(values.json ? JSON.stringify(figures) : figures)
    return
  }
  const log = await measureLog({ routes: number('routes'), lines: number('lines'), steadyPerSecond: 10_000, steadySeconds: 10 })
  say(`the agent: ${Math.round(log.linesPerSecond)} log lines for each second on a core, ${(100 * log.share).toFixed(1)} % of a core at 10 000 requests/s, ${log.missing} requests missing`)
  const load = { batch: number('batch'), batches: 40, rounds: number('rounds') }
  const embedded = await embeddedEvents(load)
  say(line('embedded database', embedded))
  const postgres = await postgresEvents(load)
  say(postgres ? line('PostgreSQL', postgres) : 'PostgreSQL is not installed')
  const series = await measureSeries({ routes: number('series'), days: 7, every: 600, lastEvery: 120 })
  say(`series of ${number('series')} routes: p99 over 24 h of one of them ${series.queryMs.toFixed(1)} ms, by ten minutes ${series.pointsMs.toFixed(1)} ms; memory in use at the end of each of seven days: ${series.heapMb.join(', ')} MB; database ${series.databaseMb} MB`)
  if (values.json) console.log(JSON.stringify({
    lines_per_second: Math.round(log.linesPerSecond), core_share_at_10k: Math.round(log.share * 1000) / 1000, lines_missing: log.missing,
    events_ratio_embedded: round(embedded.ratio), events_ratio_postgres: postgres ? round(postgres.ratio) : null,
    events_per_second_embedded: Math.round(embedded.perSecond), events_per_second_postgres: postgres ? Math.round(postgres.perSecond) : null,
    query_p99_24h_ms: round(series.queryMs), query_p99_24h_by_10m_ms: round(series.pointsMs), week_memory_mb: series.heapMb,
  }))
}

function line(name: string, { perSecond, barePerSecond, ratio }: EventRates): string {
  return `${name}: ${Math.round(perSecond)} events/s durable, ${Math.round(barePerSecond)} in a bare loop, ratio ${round(ratio)}`
}

function round(number: number): number {
  return Math.round(number * 100) / 100
}
