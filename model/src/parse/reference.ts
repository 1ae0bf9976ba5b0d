/** Places that either name a stored artifact or hold one inline. */
import type { Kind } from '../kind.ts'
import { inline, type Reference, reference } from '../reference.ts'
import { singular } from '../kind.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readArtifactName } from './header.ts'

/** A weak place: a text or `{reference: name}` names one; anything else is an anonymous definition. */
export function readWeakReference<T extends object>(cursor: Cursor, kind: Kind, read: (fields: Fields) => T): Reference<T> {
  if (cursor.isScalar) return cursor.reading.place(reference(readArtifactName(cursor)), cursor)
  const fields = cursor.map()
  const named = referenceIn(fields)
  if (!named) {
    const value = cursor.reading.place(read(fields), cursor)
    fields.finish()
    return inline(value)
  }
  const name = readArtifactName(named)
  if (fields.unread().length > 0) {
    cursor.report('EitherReferenceOrAnonymous', `Either it should be a reference '${singular(kind)} -> ${name}' or an anonymous inline definition, but not both.`)
  }
  return cursor.reading.place(reference(name), cursor)
}

/** The cursor of `reference` or `ref`, if the map names something stored. */
export function referenceIn(fields: Fields): Cursor | undefined {
  return fields.has('reference') || fields.has('ref') ? fields.optional('reference', 'ref') : undefined
}
