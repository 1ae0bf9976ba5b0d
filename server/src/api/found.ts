/** What is stored, or that it is not. */
import { Fault } from '@vamp/model/fault'
import { type Kind, singular } from '@vamp/model/kind'
import type { World } from './world.ts'

/** A stored artifact; throws `Fault('not_found')`. */
export async function found<K extends Kind>(world: Pick<World, 'store'>, kind: K, name: string) {
  const stored = await world.store.get(kind, name)
  if (!stored) throw notFound(kind, name)
  return stored
}

export function notFound(kind: Kind, name: string): Fault {
  return new Fault('not_found', `There is no ${singular(kind)} '${name}'.`, { kind, name })
}
