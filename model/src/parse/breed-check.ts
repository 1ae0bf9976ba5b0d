/** What must be true of a breed as a whole. */
import type { Breed } from '../breed.ts'
import type { Cursor } from './cursor.ts'
import { checkHealthCheckPorts } from './health-check.ts'
import { nearest } from './near.ts'
import { referencesIn, type VariableReference } from './variable-reference.ts'

export function checkBreed(breed: Breed, cursor: Cursor): void {
  checkHealthCheckPorts(breed.health_checks, new Set(breed.ports.map(port => port.name)), cursor)
  checkCycles(breed, [], cursor)
  for (const port of breed.ports) if (port.expression !== undefined) checkValue(port.expression, breed, cursor.reading.placeOf(port, cursor))
  for (const trait of [...breed.environment_variables, ...breed.constants]) if (trait.value !== null) checkValue(trait.value, breed, cursor.reading.placeOf(trait, cursor))
}

/** Inline dependencies may name, at the end, a breed that they are part of. */
function checkCycles(breed: Breed, ancestors: readonly string[], cursor: Cursor): void {
  for (const dependency of Object.values(breed.dependencies)) {
    const name = dependency.is === 'reference' ? dependency.reference : dependency.value.name
    const path = [...ancestors, breed.name]
    if (path.includes(name)) cursor.reading.placeOf(breed, cursor).report('RecursiveDependenciesError', `Recursive (cyclic) dependency detected for breed '${breed.name}'`)
    else if (dependency.is === 'inline') checkCycles(dependency.value, path, cursor)
  }
}

function checkValue(value: string, breed: Breed, cursor: Cursor): void {
  const { references, malformed } = referencesIn(value)
  for (const index of malformed) cursor.reportWithin(index, 'ParserError', "Cannot parse: no reference begins with this '$'.", "write '$$' for a dollar sign")
  for (const reference of references) {
    if (reference.trait && !resolves(reference.trait, breed)) {
      const near = nearest(reference.trait.alias, Object.keys(breed.dependencies).filter(alias => alias !== reference.trait?.alias))
      cursor.reportWithin(reference.index, 'UnresolvedDependencyInTraitValueError', unresolvedTrait(reference.text, breed), near && `did you mean '$${near}…'?`)
    }
  }
}

/** What a stored dependency has is not known here. */
function resolves({ alias, group, name }: NonNullable<VariableReference['trait']>, breed: Breed): boolean {
  const dependency = Object.hasOwn(breed.dependencies, alias) ? breed.dependencies[alias] : undefined
  if (!dependency || dependency.is === 'reference') return dependency !== undefined
  const { ports, environment_variables, constants } = dependency.value
  switch (group) {
    case 'hosts': return name === 'host'
    case 'ports': return ports.some(port => port.name === name)
    case 'environment_variables': return environment_variables.some(variable => variable.name === name)
    case 'constants': return constants.some(constant => constant.name === name)
    default: return false
  }
}

export const unresolvedTrait = (reference: string, breed: Breed) =>
  `Unresolved reference '${reference}' in breed '${breed.name} -> ${breed.deployable.definition}'. Check if breed dependency is declared.`
