/** What must be true of a breed as a whole. */
import type { Breed } from '../breed.ts'
import type { Cursor } from './cursor.ts'
import { checkHealthCheckPorts } from './health-check.ts'

export function checkBreed(breed: Breed, cursor: Cursor): void {
  checkHealthCheckPorts(breed.health_checks, new Set(breed.ports.map(port => port.name)), cursor)
  checkCycles(breed, [], cursor)
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
