import type { Migration } from '../../base/sql/migrate.ts'

export type StoreTables = {
  records: { kind: string; name: string; revision: number; value: string }
  /** So that a page of a list costs the same, however long the list is. */
  record_counts: { kind: string; count: number }
  /** One row, the newest revision. Whoever writes locks it first: revisions are committed in their order. */
  store_state: { revision: number }
  /** What a server that lost its connection could not learn from the records. Only where servers share a database. */
  record_tombstones: { revision: number; kind: string; name: string }
}

export const STORE_MIGRATIONS: readonly Migration[] = [
  flavour => flavour === 'sqlite' ? [
    'create table records (kind text not null, name text not null, revision integer not null, value text not null, primary key (kind, name))',
    'create table record_counts (kind text primary key, count integer not null) without rowid',
    'create table store_state (revision integer not null)',
    'insert into store_state (revision) values (0)',
  ] : [
    // Byte order, as everywhere else.
    'create table records (kind text collate "C" not null, name text collate "C" not null, revision bigint not null, value text not null, primary key (kind, name))',
    'create index records_by_revision on records (revision)',
    'create table record_counts (kind text collate "C" primary key, count bigint not null)',
    'create table record_tombstones (revision bigint not null, kind text not null, name text not null)',
    'create index record_tombstones_by_revision on record_tombstones (revision)',
    'create table store_state (revision bigint not null)',
    'insert into store_state (revision) values (0)',
  ],
]
