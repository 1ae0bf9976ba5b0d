/**
 * Planners are pure and ask for artifacts by name at once; the store answers later. So a plan is made with what is known,
 * notes what it asked for in vain, and is made again when that has been read, until it asks for nothing new.
 */
import type { Artifact } from '@vamp/model/artifact'
import type { Lookup } from '@vamp/model/deploy/lookup'
import { Fault } from '@vamp/model/fault'
import type { Kind } from '@vamp/model/kind'
import type { Draft } from './draft.ts'
import { LOOKUP_ROUNDS_MAX } from './limits.ts'

export async function withLookup<T>(draft: Draft, plan: (lookup: Lookup) => T): Promise<T> {
  const known = new Map<string, Artifact | undefined>()
  for (let round = 0; round < LOOKUP_ROUNDS_MAX; round++) {
    const missed: { readonly kind: Kind; readonly name: string; readonly key: string }[] = []
    const planned = plan((kind, name) => {
      const key = `${kind}\n${name}`
      if (!known.has(key)) missed.push({ kind, name, key })
      return known.get(key)
    })
    if (missed.length === 0) return planned
    for (const { kind, name, key } of missed) if (!known.has(key)) known.set(key, await draft.get(kind, name))
  }
  throw new Fault('invalid', 'References lead to references without end.')
}
