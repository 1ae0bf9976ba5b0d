/** Artifacts as they are told. What is stored never changes, so its JSON is written once, however often it is told. */
import { encode, type Media } from '@vamp/model/api/media'
import type { Artifact } from '@vamp/model/artifact'
import { printJson } from '@vamp/model/print/json'

/** For as long as somebody holds the artifact. */
const written = new WeakMap<Artifact, Buffer>()
const [OPEN, COMMA, CLOSE] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')]

/** One artifact, or a list of them. */
export function printed(artifacts: Artifact | readonly Artifact[], media: Media): Buffer | string {
  if (media !== 'application/json') return encode(isList(artifacts) ? artifacts.map(printJson) : printJson(artifacts), media)
  if (!isList(artifacts)) return jsonOf(artifacts)
  return Buffer.concat([OPEN, ...artifacts.flatMap((artifact, index) => index === 0 ? [jsonOf(artifact)] : [COMMA, jsonOf(artifact)]), CLOSE])
}

const isList = (artifacts: Artifact | readonly Artifact[]): artifacts is readonly Artifact[] => Array.isArray(artifacts)

function jsonOf(artifact: Artifact): Buffer {
  const before = written.get(artifact)
  if (before) return before
  const fresh = Buffer.from(JSON.stringify(printJson(artifact)))
  written.set(artifact, fresh)
  return fresh
}
