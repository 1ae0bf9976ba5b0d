/** Ports, environment variables and constants are written as maps of `NAME` or `NAME[ALIAS]` to a scalar. */
import type { Argument, EnvironmentVariable } from '../breed.ts'
import { isName, isStrictName } from '../name.ts'
import type { Cursor, Fields } from './cursor.ts'
import { illegalName } from './header.ts'

export interface Trait {
  readonly name: string
  readonly alias?: string
  /** `null` where the document gives none. */
  readonly value: string | null
  readonly cursor: Cursor
}

export function readTraits(cursor: Cursor | undefined, rule: 'name' | 'strict name'): Trait[] {
  return cursor?.map().all().map(([key, value]) => readTrait(key, value, rule)) ?? []
}

export function readEnvironment(cursor: Cursor | undefined): EnvironmentVariable[] {
  return readTraits(cursor, 'name').map(({ name, alias, value, cursor: place }) => place.reading.place({ name, ...(alias === undefined ? {} : { alias }), value }, place))
}

function readTrait(key: string, cursor: Cursor, rule: 'name' | 'strict name'): Trait {
  const [, name = key, alias] = /^(.+?)\[([^[\]]+)\]$/s.exec(key) ?? []
  const legal = (rule === 'name' ? isName(name) : isStrictName(name)) && (alias === undefined || isName(alias))
  if (!legal) {
    if (isName(name)) cursor.key.report('IllegalStrictName', `Illegal name or reference - white space characters, '/', '[', ']' and '.' are not allowed: ${key}`)
    else illegalName(cursor.key, key)
  }
  const trait = { name, ...(alias === undefined ? {} : { alias }), cursor }
  if (cursor.isNull) return { ...trait, value: null }
  if (cursor.isScalar) return { ...trait, value: cursor.text() }
  cursor.report('MalformedTraitError', `Malformed entry for port, environment variable or constant '${name}'.`)
  return { ...trait, value: '' }
}

/** A list of one-key maps, or one map with a key for each argument. */
export function readArguments(fields: Fields): Argument[] {
  const cursor = fields.optional('arguments')
  if (!cursor) return []
  if (!cursor.isList) return cursor.isMap ? cursor.map().asWritten().map(([key, value]) => readArgument(key, value)) : [invalidArgument(cursor)]
  return cursor.items().map(item => {
    const [only, ...more] = item.isMap ? item.map().all() : []
    return only && more.length === 0 ? readArgument(...only) : invalidArgument(item)
  })
}

function readArgument(key: string, cursor: Cursor): Argument {
  if (!cursor.isScalar) return invalidArgument(cursor)
  const value = cursor.text()
  if (key === 'privileged' && value !== 'true' && value !== 'false') cursor.report('InvalidArgumentValueError', `Argument ${key} has an invalid value: ${value}.`, 'privileged is true or false')
  return { key, value }
}

function invalidArgument(cursor: Cursor): Argument {
  cursor.report('InvalidArgumentError', "Invalid argument - argument must be in form of 'key: value'.")
  return { key: '', value: '' }
}
