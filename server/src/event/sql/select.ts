/** The questions to the tables of events. A query with tags walks the index of its rarest tag, in order of time. */
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../../base/sql/database.ts'
import type { Aggregation, Criteria, PageBounds } from '../criteria.ts'

type Flavour = Database['flavour']

export interface EventRow { readonly sequence: number; readonly at: number; readonly type: string; readonly tags: string; readonly value: string | null }

const COLUMNS = sql`e.sequence, e.at, e.type, e.tags, e.value`

/** From the tag index where there is a tag, joined with the events where more than the index is wanted. */
function source({ tags, type, from, to }: Criteria, wanted: 'events' | 'count'): { readonly body: RawBuilder<unknown>; readonly order: RawBuilder<unknown> } {
  const [first, ...others] = tags
  const key = first === undefined ? 'e' : 't'
  const [at, sequence] = [sql.ref(`${key}.at`), sql.ref(`${key}.sequence`)]
  const conditions = [
    ...(first === undefined ? [] : [sql`t.tag = ${first}`]),
    ...others.map(tag => sql`exists (select 1 from event_tags o where o.tag = ${tag} and o.at = ${at} and o.sequence = ${sequence})`),
    ...(type === undefined ? [] : [sql`e.type = ${type}`]),
    ...(from === undefined ? [] : [sql`${at} >= ${from}`]),
    ...(to === undefined ? [] : [sql`${at} <= ${to}`]),
  ]
  const tables = first === undefined ? sql`events e`
    : wanted === 'count' && type === undefined ? sql`event_tags t`
      // `cross join` fixes the order for SQLite, which cannot know how rare a tag is.
      : sql`event_tags t cross join events e`
  const joined = first === undefined || (wanted === 'count' && type === undefined) ? [] : [sql`e.sequence = t.sequence`]
  const all = [...joined, ...conditions]
  return { body: all.length === 0 ? tables : sql`${tables} where ${sql.join(all, sql` and `)}`, order: sql`${at} desc, ${sequence} desc` }
}

export function pageQuery(criteria: Criteria, { offset, limit }: PageBounds): RawBuilder<EventRow> {
  const { body, order } = source(criteria, 'events')
  return sql<EventRow>`select ${COLUMNS} from ${body} order by ${order} limit ${limit} offset ${offset}`
}

export function countQuery(criteria: Criteria): RawBuilder<{ count: number }> {
  return sql<{ count: number }>`select count(*) as count from ${source(criteria, 'count').body}`
}

/** In order of append. */
export function afterQuery(sequence: number, limit: number): RawBuilder<EventRow> {
  return sql<EventRow>`select ${COLUMNS} from events e where e.sequence > ${sequence} order by e.sequence limit ${limit}`
}

type Numeric = Exclude<Aggregation, { is: 'count' }>

const FUNCTIONS = { min: sql`min(n)`, max: sql`max(n)`, sum: sql`sum(n)`, average: sql`avg(n)` } as const

/** One number, and of how many numbers it is. */
export function aggregateQuery(flavour: Flavour, criteria: Criteria, { is, path }: Numeric): RawBuilder<{ result: number | null; count: number }> {
  const result = is === 'percentile' ? sql`null` : FUNCTIONS[is]
  return sql<{ result: number | null; count: number }>`select ${result} as result, count(n) as count from ${numbers(flavour, criteria, path)}`
}

/** The neighbours of a rank among the sorted numbers. */
export function neighboursQuery(flavour: Flavour, criteria: Criteria, path: readonly string[], below: number): RawBuilder<{ n: number }> {
  return sql<{ n: number }>`select n from ${numbers(flavour, criteria, path)} where n is not null order by n limit 2 offset ${below}`
}

function numbers(flavour: Flavour, criteria: Criteria, path: readonly string[]): RawBuilder<unknown> {
  return sql`(select ${flavour === 'sqlite' ? sqliteNumber(path) : postgresNumber(path)} as n from ${source(criteria, 'events').body}) as numbers`
}

function sqliteNumber(path: readonly string[]): RawBuilder<unknown> {
  const at = `$${path.map(name => `."${name}"`).join('')}`
  return sql`case when json_type(e.value, ${at}) in ('integer', 'real') then json_extract(e.value, ${at}) end`
}

/** PostgreSQL cannot look into JSON that has a NUL or half a surrogate pair anywhere: such a value is left out. */
function postgresNumber(path: readonly string[]): RawBuilder<unknown> {
  const at = path.reduce((outer, name) => sql`(${outer} -> ${name}::text)`, sql`e.value::json`)
  return sql`case when e.value ~ '\\\\u(0000|d[89a-f])' then null when json_typeof(${at}) = 'number' then (${at} #>> '{}')::float8 end`
}
