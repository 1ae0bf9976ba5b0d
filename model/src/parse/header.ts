/** What every artifact begins with: name, kind, metadata. */
import { kindOf, type Kind, singular } from '../kind.ts'
import type { Dialects, Metadata } from '../metadata.ts'
import { isName, NAME_LENGTH_MAX } from '../name.ts'
import type { Cursor, Fields } from './cursor.ts'
import { plainValue } from './source.ts'

export interface Header<K extends Kind> {
  readonly kind: K
  readonly name: string
  readonly metadata: Metadata
}

/** Of an artifact that is stored under its name. */
export function readHeader<K extends Kind>(fields: Fields, kind: K, readName: (cursor: Cursor) => string = readArtifactName): Header<K> {
  const name = fields.required('name')
  return { kind, name: name ? readName(name) : '', metadata: readCommon(fields, kind) }
}

/** Of a definition in a place where the original knows no names: scale, sla, condition, route … */
export function readAnonymousHeader<K extends Kind>(fields: Fields, kind: K): Header<K> {
  const name = fields.optional('name')
  if (name) {
    const given = name.text()
    name.report('EitherReferenceOrAnonymous', `Either it should be a reference '${singular(kind)} -> ${given}' or an anonymous inline definition, but not both.`, `write 'reference: ${given}' alone, or leave the name out`)
  }
  return { kind, name: '', metadata: readCommon(fields, kind) }
}

/** `kind` must be the one that is read here, singular or plural; returns the metadata. */
export function readCommon(fields: Fields, kind: Kind): Metadata {
  fields.ignore('lookup_name')
  const given = fields.optional('kind')
  if (given) {
    const word = given.text()
    if (kindOf(word) !== kind) given.report('InconsistentArtifactKind', `Inconsistent kind: given '${word}' but found '${kind}'.`)
  }
  return readMetadata(fields)
}

export function readMetadata(fields: Fields): Metadata {
  const metadata = fields.optional('metadata')
  if (!metadata) return {}
  if (metadata.node.is !== 'map') {
    metadata.report('UnsupportedMetadata', 'Unsupported metadata', 'metadata is a map')
    return {}
  }
  return recordOf(metadata)
}

export function readDialects(fields: Fields): Dialects {
  const dialects = fields.optional('dialects', 'dialect')
  const early = DRIVERS.flatMap(driver => {
    const settings = fields.has(driver) ? fields.optional(driver) : undefined
    return settings ? [[driver, settings.value()] as const] : []
  })
  return { ...Object.fromEntries(early), ...(dialects ? recordOf(dialects) : {}) }
}

/** Up to version 0.9.3 a driver's settings stood beside the other fields, without `dialects`. */
const DRIVERS = ['docker', 'marathon', 'kubernetes', 'rancher']

export function readNetwork(fields: Fields): { readonly network?: string } {
  const network = fields.optional('network')?.text()
  return network === undefined ? {} : { network }
}

/** A name, or the name that a reference gives. */
export function readArtifactName(cursor: Cursor): string {
  const name = cursor.text()
  if (cursor.isScalar && !isName(name)) illegalName(cursor, name)
  return name
}

export function illegalName(cursor: Cursor, name: string): void {
  const hint = /[\s/[\]]/.test(name) || name === '' ? undefined : `a name has at most ${NAME_LENGTH_MAX} characters, none of them a control character, and is not '.' or '..'`
  cursor.report('IllegalName', `Illegal name or reference - white space characters, '/', '[' and ']' are not allowed: ${name.slice(0, NAME_LENGTH_MAX)}`, hint)
}

export function recordOf(cursor: Cursor): Readonly<Record<string, unknown>> {
  const { node } = cursor.map().cursor
  return node.is === 'map' ? plainValue(node) as Readonly<Record<string, unknown>> : {}
}
