/**
 * The part of Elasticsearch's search language that scripts for the original use: terms and ranges that must all hold, and numbers of
 * one field (https://www.elastic.co/guide/en/elasticsearch/reference/5.6/search-request-body.html). Everything else is refused with
 * its name.
 */
import { Fault } from '@vamp/model/fault'

export interface Search {
  /** Field and value; all of them must hold. */
  readonly terms: readonly (readonly [field: string, value: string])[]
  readonly ranges: readonly (readonly [field: string, range: Range])[]
  readonly from: number
  readonly size: number
  readonly aggregations: readonly Aggregation[]
}

export type Range = Partial<Readonly<Record<'gt' | 'gte' | 'lt' | 'lte', string | number>>>

export interface Aggregation {
  readonly name: string
  readonly is: AggregationKind
  readonly field: string
  /** Of `percentiles`. */
  readonly percents: readonly number[]
}

const KINDS = ['avg', 'min', 'max', 'sum', 'value_count', 'stats', 'extended_stats', 'percentiles'] as const
export type AggregationKind = (typeof KINDS)[number]

const SIZE_DEFAULT = 10
const SIZE_MAX = 10_000
const DEPTH_MAX = 20
const CLAUSES_MAX = 100
const AGGREGATIONS_MAX = 20
const PERCENTS_MAX = 100
const PERCENTS_DEFAULT = [1, 5, 25, 50, 75, 95, 99]

type Json = Readonly<Record<string, unknown>>

/** Throws `Fault('invalid')`. */
export function parseSearch(text: string): Search {
  const body = text.trim() === '' ? {} : object(json(text), 'the body')
  const clauses: Clauses = { terms: [], ranges: [] }
  for (const [name, value] of Object.entries(body)) {
    if (name === 'query') addClauses(value, clauses, 0)
    else if (!['from', 'size', 'sort', 'aggs', 'aggregations', '_source', 'track_total_hits'].includes(name)) throw notUnderstood(name)
  }
  const aggregations = Object.entries(object(body['aggregations'] ?? body['aggs'] ?? {}, 'aggregations')).map(([name, value]) => aggregation(name, value))
  if (aggregations.length > AGGREGATIONS_MAX) throw new Fault('invalid', `A search may have ${AGGREGATIONS_MAX} aggregations.`)
  return { ...clauses, from: whole(body['from'], 0, 'from'), size: whole(body['size'], SIZE_DEFAULT, 'size'), aggregations }
}

interface Clauses { readonly terms: (readonly [string, string])[]; readonly ranges: (readonly [string, Range])[] }

function addClauses(given: unknown, clauses: Clauses, depth: number): void {
  if (depth > DEPTH_MAX || clauses.terms.length + clauses.ranges.length > CLAUSES_MAX) throw new Fault('invalid', 'The query is too large.')
  for (const [name, value] of Object.entries(object(given, 'a query'))) {
    const inner = (each: unknown) => addClauses(each, clauses, depth + 1)
    switch (name) {
      case 'bool': case 'filtered': for (const [part, of] of Object.entries(object(value, name))) {
        if (!['must', 'filter', 'query'].includes(part)) throw notUnderstood(`${name}.${part}`)
        for (const each of Array.isArray(of) ? of : [of]) inner(each)
      } break
      case 'constant_score': inner(object(value, name)['filter'] ?? {}); break
      case 'match_all': break
      case 'term': case 'match': for (const [field, wanted] of Object.entries(object(value, name))) clauses.terms.push([field, scalar(isObject(wanted) ? wanted['value'] ?? wanted['query'] : wanted, field)]); break
      case 'terms': for (const [field, wanted] of Object.entries(object(value, name))) {
        // Several of which one must hold are a question of their own each.
        if (!Array.isArray(wanted) || wanted.length !== 1) throw new Fault('invalid', `'terms' takes one value here: ${field}.`)
        clauses.terms.push([field, scalar(wanted[0], field)])
      } break
      case 'range': for (const [field, range] of Object.entries(object(value, name))) clauses.ranges.push([field, rangeOf(range, field)]); break
      default: throw notUnderstood(name)
    }
  }
}

function rangeOf(given: unknown, field: string): Range {
  return Object.fromEntries(Object.entries(object(given, field)).flatMap(([bound, value]) => {
    if (bound === 'format' || bound === 'time_zone' || bound === 'boost') return []
    if (!['gt', 'gte', 'lt', 'lte'].includes(bound)) throw notUnderstood(`range.${bound}`)
    if (typeof value !== 'number' && typeof value !== 'string') throw new Fault('invalid', `'${field}.${bound}' is no value to compare with.`)
    return [[bound, value] as const]
  }))
}

function aggregation(name: string, given: unknown): Aggregation {
  const [[is, settings] = ['', {}], ...more] = Object.entries(object(given, name))
  const kind = KINDS.find(each => each === is)
  if (!kind || more.length > 0) throw notUnderstood(`aggregations.${name}.${more[0]?.[0] ?? is}`)
  const { field, percents } = object(settings, is)
  if (typeof field !== 'string' || field === '') throw new Fault('invalid', `The aggregation '${name}' names no field.`)
  const given100 = percents === undefined ? PERCENTS_DEFAULT : Array.isArray(percents) ? percents.map(Number) : [Number.NaN]
  if (given100.length > PERCENTS_MAX || given100.some(percent => !(percent >= 0 && percent <= 100))) throw new Fault('invalid', `'percents' of '${name}' are at most ${PERCENTS_MAX} numbers from 0 to 100.`)
  return { name, is: kind, field, percents: given100 }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new Fault('invalid', 'The body is no JSON.', {}, { cause })
  }
}

/** Throws `Fault('invalid')`. */
export function jsonObject(text: string): Json {
  return object(json(text), 'the body')
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function object(value: unknown, name: string): Json {
  if (!isObject(value)) throw new Fault('invalid', `${name} is no object.`)
  return value
}

function scalar(value: unknown, field: string): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw new Fault('invalid', `The value of '${field}' is neither a text nor a number.`)
  return String(value)
}

function whole(value: unknown, fallback: number, name: string): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > SIZE_MAX) throw new Fault('invalid', `'${name}' is a whole number from 0 to ${SIZE_MAX}.`)
  return Number(value)
}

function notUnderstood(name: string): Fault {
  return new Fault('invalid', `'${name}' is not understood here: terms and ranges that must all hold (bool with must or filter), and ${KINDS.join(', ')} of one field.`)
}

/** As Elasticsearch writes them: `50.0`, `99.9`. */
export function percentName(percent: number): string {
  return Number.isInteger(percent) ? `${percent}.0` : String(percent)
}
