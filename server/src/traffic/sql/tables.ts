import type { Columns } from '../../base/sql/database.ts'
import type { Migration } from '../../base/sql/migrate.ts'

export const CHUNK_COLUMNS: Columns = { step: 'bigint', start: 'bigint', series: 'bigint', points: 'bytea', total: 'bytea' }
export const WINDOW_COLUMNS: Columns = { agent: 'text', sequence: 'bigint', second: 'bigint', cells: 'bytea' }

/** `points`, `total` and `cells` are packed counts: by place in the chunk, of the whole chunk, by series. */
export const SERIES_MIGRATIONS: readonly Migration[] = [
  flavour => flavour === 'sqlite' ? tables({ number: 'integer', text: 'text', bytes: 'blob', id: 'integer primary key' })
    : tables({ number: 'bigint', text: 'text collate "C"', bytes: 'bytea', id: 'bigint generated always as identity primary key' }),
]

function tables({ number, text, bytes, id }: { readonly number: string; readonly text: string; readonly bytes: string; readonly id: string }): readonly string[] {
  return [
    // Whom a series is of; `since` is when it was first seen, Unix seconds.
    `create table series (id ${id}, gateway ${text} not null, route ${text} not null, instance ${text} not null, way ${text} not null, since ${number} not null, unique (gateway, route, instance, way))`,
    // What came and is not in a chunk yet.
    `create table series_windows (agent ${text} not null, sequence ${number} not null, second ${number} not null, cells ${bytes} not null, primary key (agent, sequence))`,
    'create index series_windows_by_second on series_windows (second)',
    // The newest window of each agent that was taken.
    `create table series_agents (agent ${text} primary key, sequence ${number} not null, second ${number} not null)`,
    // Several chunks of one series and time add up: what came late makes one of its own.
    `create table series_chunks (id ${id}, step ${number} not null, start ${number} not null, series ${number} not null, points ${bytes} not null, total ${bytes} not null)`,
    'create index series_chunks_by_series on series_chunks (series, step, start)',
    'create index series_chunks_by_start on series_chunks (step, start, series)',
    // Everything before `folded` is in the chunks of the step. Whoever makes chunks locks the rows and counts the version up.
    `create table series_levels (step ${number} primary key, folded ${number} not null, version ${number} not null)`,
    'insert into series_levels (step, folded, version) values (1, 0, 0), (10, 0, 0), (60, 0, 0)',
  ]
}
