import type { Columns } from '../../base/sql/database.ts'
import type { Migration } from '../../base/sql/migrate.ts'

/** `tags` and `value` are JSON text. */
export const EVENT_COLUMNS: Columns = { sequence: 'bigint', at: 'bigint', type: 'text', tags: 'text', value: 'text' }
/** One row per event and tag, in the order in which queries want them: by tag, newest last. */
export const TAG_COLUMNS: Columns = { tag: 'text', at: 'bigint', sequence: 'bigint' }

export const EVENT_MIGRATIONS: readonly Migration[] = [
  flavour => flavour === 'sqlite' ? [
    'create table events (sequence integer primary key, at integer not null, type text not null, tags text not null, value text)',
    'create index events_by_time on events (at)',
    'create index events_by_type on events (type, at)',
    'create table event_tags (tag text not null, at integer not null, sequence integer not null, primary key (tag, at, sequence)) without rowid',
    // One row, the newest sequence. Whoever appends locks it first: sequences are committed in their order.
    'create table event_state (last integer not null)',
    'insert into event_state (last) values (0)',
  ] : [
    'create table events (sequence bigint primary key, at bigint not null, type text collate "C" not null, tags text not null, value text)',
    'create index events_by_time on events (at, sequence)',
    'create index events_by_type on events (type, at, sequence)',
    'create table event_tags (tag text collate "C" not null, at bigint not null, sequence bigint not null, primary key (tag, at, sequence))',
    'create table event_state (last bigint not null)',
    'insert into event_state (last) values (0)',
  ],
]
