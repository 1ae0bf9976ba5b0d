/** The questions to the tables of events. A query with tags walks the index of its rarest tag, in order of time. */
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../../base/sql/database.ts'
import type { Aggregation, Criteria, PageBounds } from '../criteria.ts'
import type { Grouping, PrunedTypes } from '../event-log.ts'

type Flavour = Database['flavour']

export interface EventRow { readonly sequence: number; readonly at: number; readonly type: string; readonly tags: string; readonly value: string | null }

const COLUMNS = sql`e.sequence, e.at, e.type, e.tags, e.value`

/** From the tag index where there is a tag, joined with the events where more than the index is wanted. */
function source({ tags, type, from, to }: Criteria, wanted: 'events' | 'count', beside?: { readonly table: RawBuilder<unknown>; readonly condition: RawBuilder<unknown> }): { readonly body: RawBuilder<unknown>; readonly order: RawBuilder<unknown> } {
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
  const all = [...joined, ...conditions, ...(beside ? [beside.condition] : [])]
  const everything = beside ? sql`${tables} cross join ${beside.table}` : tables
  return { body: all.length === 0 ? everything : sql`${everything} where ${sql.join(all, sql` and `)}`, order: sql`${at} desc, ${sequence} desc` }
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

export function typesCondition(types: PrunedTypes = { except: [] }): RawBuilder<unknown> {
  if (typeof types === 'string') return sql`type = ${types}`
  return types.except.length === 0 ? sql`1 = 1` : sql`type not in (${sql.join(types.except)})`
}

export interface GroupRow { readonly time: number | null; readonly tag: string | null; readonly value: number | null; readonly count: number }

const SIMPLE = { min: sql`min(n)`, max: sql`max(n)`, sum: sql`sum(n)`, average: sql`avg(n)` } as const

/** One row per group; a single group without a grouping. `count` is of what was aggregated. */
export function groupsQuery(flavour: Flavour, criteria: Criteria, how: Aggregation, by: Grouping, limit: number): RawBuilder<GroupRow> {
  const { body } = source(criteria, 'events', by.tag === undefined ? undefined : { table: flavour === 'sqlite' ? sql`json_each(e.tags) g` : sql`json_array_elements_text(e.tags::json) as g(value)`, condition: sql`g.value >= ${`${by.tag}:`} and g.value < ${`${by.tag};`}` })
  const [time, tag] = [by.every === undefined ? sql`null` : sql`e.at - e.at % ${sql.lit(by.every)}`, by.tag === undefined ? sql`null` : sql`g.value`]
  const number = how.is === 'count' ? sql`1` : flavour === 'sqlite' ? sqliteNumber(how.path) : postgresNumber(how.path)
  const names = [...(by.every === undefined ? [] : [sql`time`]), ...(by.tag === undefined ? [] : [sql`tag`])]
  const grouped = names.length === 0 ? sql`` : sql`group by ${sql.join(names)} order by ${sql.join(names)}`
  const numbers = sql`(select ${time} as time, ${tag} as tag, ${number} as n from ${body}) as numbers`
  const keys = sql`${by.every === undefined ? sql`null` : sql`time`} as time, ${by.tag === undefined ? sql`null` : sql`tag`} as tag, count(n) as count`
  if (how.is !== 'percentile') return sql<GroupRow>`select ${keys}, ${how.is === 'count' ? sql`count(n)` : SIMPLE[how.is]} as value from ${numbers} ${grouped} limit ${limit}`
  // Each number weighs by how near its place is to that of the percentile: nothing from a distance of one on.
  const within = names.length === 0 ? sql`` : sql`partition by ${sql.join(names)}`
  return sql<GroupRow>`select ${keys}, sum(case when abs(distance) < 1 then n * (1 - abs(distance)) else 0 end) as value from (
    select time, tag, n, row_number() over (${within} order by n) - 1 - ${sql.lit(how.fraction)} * (count(*) over (${within}) - 1) as distance from ${numbers} where n is not null
  ) as ranked ${grouped} limit ${limit}`
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
