/** Every release that is in a file of Flagger's or Argo's. */
import { artifactOf } from '../parse/document.ts'
import { parseSource, plainValue } from '../parse/source.ts'
import { ok, type Parsed, refused } from '../problem.ts'
import { importArgo } from './argo.ts'
import { importFlagger } from './flagger.ts'
import { type ImportWishes, printImported } from './imported.ts'
import { nameOf, textAt } from './kubernetes.ts'

/** YAML with a comment for all that changed. Refused where there is none, or where a name cannot be one of Vamp's. */
export function importReleases(text: string, wishes: ImportWishes = {}): Parsed<string> {
  const parsed = parseSource(text)
  if (parsed.is === 'refused') return parsed
  const objects = parsed.value.map(({ root }) => plainValue(root))
  const templates = objects.filter(object => /^(Cluster)?AnalysisTemplate$/.test(textAt(object, 'kind') ?? ''))
  const imported = objects.flatMap(object => {
    const kind = textAt(object, 'kind')
    if (kind === 'Canary') return [{ source: `A Canary of Flagger, ${nameOf(object)}, as a release.`, ...importFlagger(object, wishes) }]
    return kind === 'Rollout' ? [{ source: `A Rollout of Argo, ${nameOf(object)}, as a release.`, ...importArgo(object, templates, wishes) }] : []
  })
  if (imported.length === 0) return refused({ code: 'YamlParsingError', message: 'Error: there is no Canary of Flagger and no Rollout of Argo here', path: '' })
  for (const { release } of imported) {
    const read = artifactOf('releases', release)
    if (read.is === 'refused') return read
  }
  return ok(imported.map(each => printImported(each, each.source)).join('---\n'))
}
