import type { Escalation } from '../escalation.ts'
import type { Reference } from '../reference.ts'
import { type Cursor, Fields } from './cursor.ts'
import { type Header, readAnonymousHeader, readHeader } from './header.ts'
import { readWeakReference } from './reference.ts'

const GROUPS = ['to_all', 'to_one'] as const
const SCALINGS = ['scale_instances', 'scale_cpu', 'scale_memory'] as const

export function readEscalation(fields: Fields): Escalation {
  return readEscalationFields(fields, readHeader(fields, 'escalations'))
}

export function readEscalationReference(cursor: Cursor): Reference<Escalation> {
  return readWeakReference(cursor, 'escalations', fields => {
    const group = shortGroup(fields)
    if (group) return { ...NO_HEADER, ...group }
    return readEscalationFields(fields, readAnonymousHeader(fields, 'escalations'))
  })
}

const NO_HEADER: Header<'escalations'> = { kind: 'escalations', name: '', metadata: {} }

/** A single one, a list, or nothing. */
export function readEscalations(cursor: Cursor | undefined): Reference<Escalation>[] {
  return cursor?.items().map(readEscalationReference) ?? []
}

/** `{to_one: [ … ]}` or `{to_one: {escalations: [ … ]}}`, alone in its map. */
function shortGroup(fields: Fields) {
  const type = GROUPS.find(name => fields.has(name))
  if (!type || fields.keys.length !== 1) return undefined
  const cursor = fields.required(type)
  if (!cursor) return { type, escalations: [] }
  if (!cursor.isMap || !new Fields(cursor, cursor.node as Fields['cursor']['node'] & { is: 'map' }).has('escalations')) return { type, escalations: readEscalations(cursor) }
  const inner = cursor.map()
  const escalations = readEscalations(inner.required('escalations'))
  inner.finish()
  return { type, escalations }
}

function readEscalationFields(fields: Fields, header: Header<'escalations'>): Escalation {
  const cursor = fields.required('type')
  const word = cursor?.text() ?? ''
  const group = GROUPS.find(type => type === word)
  if (group) return { ...header, type: group, escalations: readEscalations(fields.required('escalations')) }
  const scaling = SCALINGS.find(type => type === word)
  if (!scaling) return { ...header, type: 'generic', type_name: word, parameters: readParameters(fields) }
  const amount = (name: string) => {
    const field = fields.required(name)
    return (scaling === 'scale_instances' ? field?.integer() : field?.number()) ?? 0
  }
  const target = fields.optional('target')?.text()
  return { ...header, type: scaling, minimum: amount('minimum'), maximum: amount('maximum'), scale_by: amount('scale_by'), ...(target === undefined ? {} : { target }) }
}

/** What nobody else reads is the parameter of a type that Vamp does not know. */
export function readParameters(fields: Fields): Readonly<Record<string, unknown>> {
  const rest = fields.unread()
  fields.ignore(...rest.map(([key]) => key))
  return Object.fromEntries(rest.map(([key, cursor]) => [key, cursor.value()]))
}
