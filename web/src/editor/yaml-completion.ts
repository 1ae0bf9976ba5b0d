/** What can be written at a place of a document, from the JSON Schema of its kind. */
import { kindOf, singular } from '@vamp/model/kind'
import { yamlPlace, type Step } from './yaml-place.ts'

export interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

export interface Suggestion {
  readonly label: string
  /** What is written instead of what is typed. */
  readonly apply: string
  readonly detail?: string
  readonly must?: boolean
}

export interface Completed { readonly from: number; readonly suggestions: readonly Suggestion[] }

export interface Known {
  /** By kind, in singular. */
  readonly schemas: Readonly<Record<string, Schema>>
  /** Names of what is stored, by plural kind. */
  readonly names: Readonly<Record<string, readonly string[]>>
}

const DEPTH_MAX = 12

/** Keys under which something stored is named, and its kind. */
const NAMED: Readonly<Record<string, string>> = { breed: 'breeds', to: 'breeds', from: 'breeds', deployment: 'deployments', scale: 'scales', sla: 'slas', condition: 'conditions', policy: 'policies' }

export function complete(text: string, offset: number, known: Known): Completed | undefined {
  const { kind, steps, is, typed, from, siblings } = yamlPlace(text, offset)
  if (steps.length === 1 && is === 'value' && isKey(steps[0], 'kind')) return { from, suggestions: Object.keys(known.schemas).map(word => ({ label: word, apply: word })) }
  const meant = kind === undefined ? undefined : kindOf(kind)
  const root = meant && known.schemas[singular(meant)]
  if (!root) return steps.length === 0 && is === 'key' && !siblings.includes('kind') ? { from, suggestions: [{ label: 'kind', apply: 'kind: ', detail: 'what the document is', must: true }] } : undefined
  const schemas = steps.reduce<readonly Schema[]>((inside, step) => inside.flatMap(schema => stepInto(schema, step, root)), flat(root, root))
  const suggestions = is === 'key' ? keysOf(schemas, siblings, root) : valuesOf(schemas, steps, known)
  const wanted = typed.toLowerCase()
  const matching = suggestions.filter(({ label }) => label.toLowerCase().includes(wanted))
  return matching.length === 0 ? undefined : { from, suggestions: matching }
}

const isKey = (step: Step | undefined, key: string) => step !== undefined && 'key' in step && step.key === key

/** All ways to read a schema: its alternatives, without references. */
function flat(schema: Schema, root: Schema, depth = 0): readonly Schema[] {
  if (depth > DEPTH_MAX) return []
  const referred = schema.$ref === undefined ? undefined : root.$defs?.[schema.$ref.replace('#/$defs/', '')]
  const inner = [...referred ? [referred] : [], ...schema.anyOf ?? [], ...schema.oneOf ?? [], ...schema.allOf ?? []]
  const own = schema.properties || schema.items || schema.enum || schema.additionalProperties || schema.type || schema.required || schema.const !== undefined ? [schema] : []
  return [...own, ...inner.flatMap(each => flat(described(each, schema), root, depth + 1))]
}

const described = (inner: Schema, outer: Schema): Schema => inner.description === undefined && outer.description !== undefined ? { ...inner, description: outer.description } : inner

function stepInto(schema: Schema, step: Step, root: Schema): readonly Schema[] {
  if ('item' in step) return schema.items ? flat(schema.items, root) : []
  const inner = schema.properties?.[step.key] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)
  return inner ? flat(inner, root) : []
}

function keysOf(schemas: readonly Schema[], siblings: readonly string[], root: Schema): readonly Suggestion[] {
  const found = new Map<string, Suggestion>()
  // Of several ways to be complete, the first is the usual one.
  const needed = new Set([...schemas.filter(({ properties }) => properties).flatMap(({ required = [] }) => required), ...schemas.find(({ properties, required }) => required && !properties)?.required ?? []])
  for (const { properties = {} } of schemas)
    for (const [key, value] of Object.entries(properties)) {
      if (siblings.includes(key) || found.has(key)) continue
      const ways = flat(value, root)
      const nested = ways.length > 0 && ways.every(({ type }) => type === 'object' || type === 'array' || type === 'null')
      const description = ways.find(way => way.description !== undefined)?.description ?? value.description
      found.set(key, { label: key, apply: nested ? `${key}:` : `${key}: `, ...(description === undefined ? {} : { detail: description }), ...(needed.has(key) ? { must: true } : {}) })
    }
  return [...found.values()].sort((a, b) => Number(b.must ?? false) - Number(a.must ?? false))
}

function valuesOf(schemas: readonly Schema[], steps: readonly Step[], { names }: Known): readonly Suggestion[] {
  const written = schemas.flatMap(({ enum: values = [], type, description, const: only }) => {
    const detail = description === undefined ? {} : { detail: description }
    const given = [...values, ...(only === undefined ? [] : [only]), ...(type === 'boolean' ? [true, false] : [])]
    return given.filter(value => value !== null).map(value => ({ label: String(value), apply: String(value), ...detail }))
  })
  const last = steps.at(-1)
  const kind = last && 'key' in last ? NAMED[last.key] : undefined
  return [...written, ...(kind === undefined ? [] : names[kind] ?? []).map(name => ({ label: name, apply: name, detail: `of the stored ${kind}` }))]
}
