import type { Breed, Constant, Deployable } from '../breed.ts'
import type { Port } from '../port.ts'
import { inline, type Reference, reference } from '../reference.ts'
import { checkBreed } from './breed-check.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readArtifactName, readHeader } from './header.ts'
import { readHealthChecks } from './health-check.ts'
import { readPort } from './port.ts'
import { referenceIn } from './reference.ts'
import { readArguments, readEnvironment, readTraits } from './trait.ts'

export function readBreed(fields: Fields): Breed {
  const header = readHeader(fields, 'breeds')
  const deployable = readDeployable(fields)
  const of = `breed '${header.name} -> ${deployable.definition}'`
  const ports = fields.optional('ports')
  const before = fields.reading.count
  const dependencies = readDependencies(fields.optional('dependencies'))
  const read = { ports: ports === undefined || ports.isMap, dependencies: fields.reading.count === before }
  const breed = fields.reading.place({
    ...header,
    deployable,
    ports: readPorts(ports, of),
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')),
    constants: readConstants(fields.optional('constants'), of),
    arguments: readArguments(fields),
    dependencies,
    ...readHealthChecks(fields),
  }, fields.cursor)
  checkBreed(breed, read, fields.cursor)
  return breed
}

/** A text or `{reference: name}` names a breed; a map with content is one. */
export function readBreedReference(cursor: Cursor): Reference<Breed> {
  if (cursor.isScalar) return cursor.reading.place(reference(readArtifactName(cursor)), cursor)
  const fields = cursor.map()
  const named = referenceIn(fields)
  const breed = named ? reference(readArtifactName(named)) : inline(readBreed(fields))
  fields.finish()
  return cursor.reading.place(breed, cursor)
}

function readDeployable(fields: Fields): Deployable {
  const cursor = fields.optional('deployable')
  if (!cursor) {
    fields.missing('deployable/definition')
    return { definition: '' }
  }
  if (!cursor.isMap) return { definition: cursor.text() }
  const inner = cursor.map()
  const type = inner.optional('type')?.text()
  const definition = inner.required('definition')?.text() ?? ''
  inner.finish()
  return { ...(type === undefined ? {} : { type }), definition }
}

function readPorts(cursor: Cursor | undefined, of: string): Port[] {
  return readTraits(cursor, 'strict name').map(({ name, value, cursor: place }) => {
    if (value !== null) return place.reading.place(readPort(place, name), place)
    place.report('MissingPortValueError', `Missing port value for '${name}' and ${of}.`)
    return { name, number: 0, type: 'http' as const }
  })
}

function readConstants(cursor: Cursor | undefined, of: string): Constant[] {
  return readTraits(cursor, 'strict name').flatMap(({ name, alias, value, cursor: place }) => {
    if (value !== null) return [place.reading.place({ name, ...(alias === undefined ? {} : { alias }), value }, place)]
    place.report('MissingConstantValueError', `Missing constant value for '${name}' and ${of}.`)
    return []
  })
}

function readDependencies(cursor: Cursor | undefined): Record<string, Reference<Breed>> {
  const entries = cursor?.map().all().map(([alias, value]) => [alias, readDependency(value)] as const) ?? []
  return Object.fromEntries(entries)
}

/** `db: mysql`, `db: {ref: mysql}`, `db: {breed: …}`, `db: {name: …, deployable: …}`. */
function readDependency(cursor: Cursor): Reference<Breed> {
  if (!cursor.isMap) return readBreedReference(cursor)
  const fields = cursor.map()
  if (!fields.has('breed')) return readBreedReference(cursor)
  const breed = fields.required('breed')
  fields.finish()
  return breed ? readBreedReference(breed) : reference('')
}
