import { inline, type Reference } from '../reference.ts'
import type { Escalation } from '../escalation.ts'
import type { Sla } from '../sla.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readEscalations, readParameters } from './escalation.ts'
import { type Header, readAnonymousHeader, readHeader } from './header.ts'
import { readWeakReference } from './reference.ts'

export function readSla(fields: Fields): Sla {
  return readPromise(fields, readHeader(fields, 'slas'))
}

export function readSlaReference(cursor: Cursor): Reference<Sla> {
  return readWeakReference(cursor, 'slas', fields => readPromise(fields, readAnonymousHeader(fields, 'slas')))
}

function readPromise(fields: Fields, header: Header<'slas'>): Sla {
  const type = fields.required('type')?.text() ?? ''
  const base = { ...header, escalations: grouped(readEscalations(fields.optional('escalations'))) }
  if (type === 'escalation_only') return { ...base, type }
  if (type !== 'response_time_sliding_window') return { ...base, type: 'generic', type_name: type, parameters: readParameters(fields) }
  return { ...base, type, threshold: readPair(fields.required('threshold'), 'upper', 'lower'), window: readPair(fields.required('window'), 'interval', 'cooldown') }
}

/** Several escalations are one group of all of them, as the original reads them. */
function grouped(escalations: readonly Reference<Escalation>[]): readonly Reference<Escalation>[] {
  if (escalations.length < 2) return escalations
  return [inline({ kind: 'escalations', name: '', metadata: {}, type: 'to_all', escalations })]
}

function readPair<const A extends string, const B extends string>(cursor: Cursor | undefined, first: A, second: B): Record<A | B, number> {
  const fields = cursor?.map()
  const pair = { [first]: fields?.required(first)?.integer() ?? 0, [second]: fields?.required(second)?.integer() ?? 0 } as Record<A | B, number>
  fields?.finish()
  return pair
}
