/**
 * What keeping every event costs.
 *
 *     npm run bench -- evidence [--json] [--batch N] [--rounds N]
 */
import { parseArgs } from 'node:util'
import { embeddedEvents, type EventRates, postgresEvents } from './events.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, batch: { type: 'string', default: '500' }, rounds: { type: 'string', default: '7' } } })
  const load = { batch: Number(values.batch), batches: 40, rounds: Number(values.rounds) }
  const embedded = await embeddedEvents(load)
  const postgres = await postgresEvents(load)
  if (values.json) {
    console.log(JSON.stringify({ events_ratio_embedded: round(embedded.ratio), events_ratio_postgres: postgres ? round(postgres.ratio) : null, events_per_second_embedded: Math.round(embedded.perSecond), events_per_second_postgres: postgres ? Math.round(postgres.perSecond) : null }))
    return
  }
  console.log(line('embedded database', embedded))
  console.log(postgres ? line('PostgreSQL', postgres) : 'PostgreSQL is not installed')
}

function line(name: string, { perSecond, barePerSecond, ratio }: EventRates): string {
  return `${name}: ${Math.round(perSecond)} events/s durable, ${Math.round(barePerSecond)} in a bare loop, ratio ${round(ratio)}`
}

function round(ratio: number): number {
  return Math.round(ratio * 100) / 100
}
