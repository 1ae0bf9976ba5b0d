/** What must be true of a breed as a whole. */
import type { Breed } from '../breed.ts'
import { parseValue, type VariableReference } from '../variable/parse.ts'
import { indexOf } from './condition.ts'
import type { Cursor } from './cursor.ts'
import { checkHealthCheckPorts } from './health-check.ts'
import { nearest } from './near.ts'

/** `read` says which parts are as they were written; what could not be read is wrong already, and nothing follows from it. */
export function checkBreed(breed: Breed, read: { readonly ports: boolean; readonly dependencies: boolean }, cursor: Cursor): void {
  if (read.ports) checkHealthCheckPorts(breed.health_checks, new Set(breed.ports.map(port => port.name)), cursor)
  if (!read.dependencies) return
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
  const parsed = parseValue(value)
  if (parsed.is === 'refused') {
    for (const problem of parsed.problems) cursor.reportWithin(indexOf(value, problem), problem.code, problem.message, problem.hint)
    return
  }
  for (const node of parsed.value) {
    const trait = node.is === 'variable' ? traitOf(node.reference) : undefined
    if (!trait || resolves(trait, breed)) continue
    const text = node.is === 'variable' && node.reference.is === 'host' ? `${trait.cluster}.host` : `${trait.cluster}.${trait.group}.${trait.name}`
    const near = Object.hasOwn(breed.dependencies, trait.cluster) ? undefined : nearest(trait.cluster, Object.keys(breed.dependencies))
    cursor.reportWithin(value.lastIndexOf('$', value.indexOf(text)), 'UnresolvedDependencyInTraitValueError', unresolvedTrait(text, breed), near && `did you mean '$${near}…'?`)
  }
}

type Trait = Omit<VariableReference & { is: 'trait' }, 'is'>

/** What a reference wants of a dependency; nothing for the breed's own names and for global values. */
function traitOf(reference: VariableReference): Trait | undefined {
  if (reference.is === 'host') return { cluster: reference.cluster, group: 'hosts', name: 'host' }
  return reference.is === 'trait' ? reference : undefined
}

/** What a stored dependency has is not known here. */
function resolves({ cluster, group, name }: Trait, breed: Breed): boolean {
  const dependency = Object.hasOwn(breed.dependencies, cluster) ? breed.dependencies[cluster] : undefined
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
