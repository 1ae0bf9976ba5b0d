/** Artifacts as they are told. What is stored never changes, so each is printed once, however often it is told. */
import type { Artifact } from '@vamp/model/artifact'
import { printJson } from '@vamp/model/print/json'

const known = new WeakMap<Artifact, unknown>()

export function printed(artifact: Artifact): unknown {
  const before = known.get(artifact)
  if (before !== undefined) return before
  const fresh: unknown = printJson(artifact)
  known.set(artifact, fresh)
  return fresh
}
