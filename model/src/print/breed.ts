import type { Breed } from '../breed.ts'
import { printPort } from '../quantity.ts'
import type { Reference } from '../reference.ts'
import { type Json, optional, printArguments, printHeader, printHealthChecks, printMap, printReference, printVariables } from './fields.ts'

export function printBreed(breed: Breed): Json {
  return {
    ...printHeader(breed),
    deployable: { ...optional('type', breed.deployable.type), definition: breed.deployable.definition },
    ports: printMap(breed.ports, port => port.name, printPort),
    environment_variables: printVariables(breed.environment_variables),
    constants: printVariables(breed.constants),
    arguments: printArguments(breed.arguments),
    dependencies: printMap(Object.entries(breed.dependencies), ([alias]) => alias, ([, dependency]) => dependency.is === 'reference' ? dependency.reference : printBreed(dependency.value)),
    ...printHealthChecks(breed.health_checks),
  }
}

export function printBreedReference(breed: Reference<Breed>): unknown {
  return printReference(breed, printBreed)
}
