/**
 * Durable appends to the event log against a bare loop: the same rows into the same tables with the same indexes, in
 * transactions of the same size, with one prepared statement per table and nothing else: per row in the embedded database, and
 * per transaction in PostgreSQL, where a round trip per row would be an easy rival.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { expandTags, type NewEvent } from '@vamp/model/event'
import type { Database } from '@vamp/server/base/sql/database'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openPostgresDatabase } from '@vamp/server/base/sql/postgres-database'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { EVENT_MIGRATIONS } from '@vamp/server/event/sql/tables'
import pg from 'pg'
import { postgresBinaries, startPostgres } from './postgres-cluster.ts'

export interface EventRates { readonly ratio: number; readonly perSecond: number; readonly barePerSecond: number }

export interface EventLoad { readonly batch: number; readonly batches: number; readonly rounds: number }

/** Two databases take turns, so that what else the machine does meets both; the ratio is that of the medians. */
export async function embeddedEvents(load: EventLoad): Promise<EventRates> {
  const rounds: [number, number][] = []
  for (let round = 0; round < load.rounds; round++) {
    const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-'))
    try {
      rounds.push([await logged(openEmbeddedDatabase({ file: join(directory, 'vamp.db') }), load), bareEmbedded(join(directory, 'bare.db'), load)])
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
  return rates(rounds)
}

/** Nothing where PostgreSQL is not installed. */
export async function postgresEvents(load: EventLoad): Promise<EventRates | undefined> {
  if (!postgresBinaries()) return undefined
  await using cluster = await startPostgres()
  const rounds: [number, number][] = []
  for (let round = 0; round < load.rounds; round++) {
    const database = await openPostgresDatabase({ url: cluster.create(), clock: systemClock, log: silent })
    rounds.push([await logged(database, load), await barePostgres(cluster.create(), load)])
  }
  return rates(rounds)
}

function rates(rounds: readonly [number, number][]): EventRates {
  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
  const [perSecond, barePerSecond] = [median(rounds.map(([ours]) => ours)), median(rounds.map(([, bare]) => bare))]
  return { ratio: perSecond / barePerSecond, perSecond, barePerSecond }
}

function event(index: number): NewEvent {
  return { tags: [`gateways:shop/web${index % 50}`, 'deployed'], type: 'metrics', value: { latency: index, rate: 12.5 } }
}

async function logged(database: Database, { batch, batches }: EventLoad): Promise<number> {
  const log = await openSqlEventLog({ database, clock: systemClock })
  const started = performance.now()
  for (let start = 0; start < batch * batches; start += batch) await log.append(Array.from({ length: batch }, (_, index) => event(start + index)))
  const seconds = (performance.now() - started) / 1000
  await log[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  return batch * batches / seconds
}

function bareEmbedded(file: string, { batch, batches }: EventLoad): number {
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -16384')
  for (const statement of EVENT_MIGRATIONS.flatMap(migration => migration('sqlite'))) database.exec(statement)
  const insert = database.prepare('insert into events values (?, ?, ?, ?, ?)')
  const tag = database.prepare('insert into event_tags values (?, ?, ?)')
  const started = performance.now()
  for (let sequence = 1; sequence <= batch * batches;) {
    database.exec('begin')
    for (let row = 0; row < batch; row++, sequence++) {
      const { tags, type = '', value } = event(sequence)
      const [at, expanded] = [Date.now(), expandTags(tags)]
      insert.run(sequence, at, type, JSON.stringify(expanded), JSON.stringify(value))
      for (const name of expanded) tag.run(name, at, sequence)
    }
    database.exec('commit')
  }
  const seconds = (performance.now() - started) / 1000
  database.close()
  return batch * batches / seconds
}

async function barePostgres(url: string, { batch, batches }: EventLoad): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of EVENT_MIGRATIONS.flatMap(migration => migration('postgres'))) await client.query(statement)
  const started = performance.now()
  for (let start = 1; start <= batch * batches; start += batch) {
    const at = Date.now()
    const events = Array.from({ length: batch }, (_, index) => ({ sequence: start + index, ...event(start + index) }))
    const tags = events.flatMap(({ sequence, tags }) => expandTags(tags).map(tag => ({ tag, sequence })))
    await client.query('begin')
    await client.query({ name: 'events', text: 'insert into events select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])',
      values: [events.map(({ sequence }) => sequence), events.map(() => at), events.map(({ type }) => type), events.map(({ tags }) => JSON.stringify(expandTags(tags))), events.map(({ value }) => JSON.stringify(value))] })
    await client.query({ name: 'tags', text: 'insert into event_tags select * from unnest($1::text[], $2::bigint[], $3::bigint[])', values: [tags.map(({ tag }) => tag), tags.map(() => at), tags.map(({ sequence }) => sequence)] })
    await client.query('commit')
  }
  const seconds = (performance.now() - started) / 1000
  await client.end()
  return batch * batches / seconds
}
