/** What there is to choose from. */
import { kayenta } from './kayenta.ts'
import type { Method } from './method.ts'
import { ours } from './ours.ts'
import { msprt, peekedZ } from './pooled-tests.ts'
import { BAD, GOOD, type Scenario, scenariosOf } from './scenarios.ts'
import { argoDocs, argoMinute, flagger } from './threshold-rules.ts'
import type { World } from './world.ts'

export function methods(): readonly Method[] {
  return [ours('vamp'), flagger, argoDocs, argoMinute, kayenta, peekedZ, msprt]
}

export function scenarios(world: { readonly name: string; readonly world: World } | undefined): readonly Scenario[] {
  return world ? scenariosOf(world.name, world.world) : [...GOOD, ...BAD]
}
