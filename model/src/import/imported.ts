/** A release that was written for another controller: what became of it, and what did not. */
import { printYamlValue } from '../print/yaml.ts'

export interface Imported {
  /** A release as a user would write it: what is not there has its default. */
  readonly release: Readonly<Record<string, unknown>>
  /** What means something else now. */
  readonly changed: readonly Note[]
  /** What has no counterpart. */
  readonly left: readonly Note[]
}

export interface Note {
  /** Where it was: `spec.analysis.threshold`. */
  readonly field: string
  readonly note: string
}

/** What the original cannot know. */
export interface ImportWishes {
  /** Of Vamp; otherwise the namespace. */
  readonly deployment?: string
  /** The new version. */
  readonly to?: string
}

/** Collects notes while an original is read. */
export interface Notes {
  readonly changed: Note[]
  readonly left: Note[]
}

export function newNotes(): Notes {
  return { changed: [], left: [] }
}

/** Sentences for every field that is there, of a table of what has no counterpart; what nobody knows is named. */
export function leaveOut(notes: Notes, path: string, given: object, known: readonly string[], reasons: Readonly<Record<string, string>>): void {
  for (const field of Object.keys(given)) if (!known.includes(field)) notes.left.push({ field: `${path}.${field}`, note: reasons[field] ?? 'has no counterpart' })
}

export function printImported({ release, changed, left }: Imported, source: string): string {
  return [
    comment(source),
    ...(changed.length > 0 ? [comment('What means something else now:'), ...changed.map(noteLine)] : []),
    ...(left.length > 0 ? [comment('What was not carried over:'), ...left.map(noteLine)] : []),
    printYamlValue(release),
  ].join('')
}

const noteLine = ({ field, note }: Note) => comment(`  ${field}: ${note}`)
const comment = (text: string) => `# ${text.replaceAll(/\s*[\r\n]+\s*/g, ' ')}\n`
