/** What would change, line by line. */
import type { Change } from '@vamp/model/api/change'
import { printYamlValue } from '@vamp/model/print/yaml'
import type { Io } from './io.ts'

const CONTEXT = 3
/** Of something that is all new, or all gone, so much is shown. */
const WHOLE_MAX = 16
/** Beyond this the comparison of every line with every other is not worth it. */
const LINES_MAX = 2000

type Titles = Readonly<Record<Change['do'], string>>

const TITLE: Titles = { create: 'would be created', update: 'would be changed', delete: 'would be removed', keep: 'would stay as it is' }

/** `titles` where it is not about what would be. */
export function changeLines({ do: verb, kind, name, before, after, note }: Change, colours: Io['colours'], titles: Titles = TITLE): string {
  const title = `${kind}/${name} ${titles[verb]}\n`
  const noted = note === undefined ? '' : colours.yellow(`  ${note}\n`)
  if (verb === 'keep') return `${colours.dim(title)}${noted}`
  const compared = compare(linesOf(before), linesOf(after))
  const more = verb === 'update' ? 0 : compared.length - WHOLE_MAX
  const lines = [...more > 3 ? [...compared.slice(0, WHOLE_MAX), `  … ${more} more lines`] : compared].map(line => line.startsWith('+') ? colours.green(line) : line.startsWith('-') ? colours.red(line) : colours.dim(line))
  return `${colours.bold(title)}${noted}${lines.map(line => `  ${line}\n`).join('')}`
}

/** Without what says nothing: places that are empty, what the title says already, and names for machines. */
function linesOf(value: unknown): readonly string[] {
  const { name: _, kind: __, lookup_name: ___, ...said } = (telling(value) ?? {}) as Readonly<Record<string, unknown>>
  return Object.keys(said).length === 0 ? [] : printYamlValue(said).trimEnd().split('\n')
}

function telling(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(item => telling(item) ?? item)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const fields = Object.entries(value).flatMap(([key, inner]) => { const said = telling(inner); return said === undefined ? [] : [[key, said] as const] })
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}

/** Longest common subsequence; unchanged lines only near changed ones. */
function compare(before: readonly string[], after: readonly string[]): readonly string[] {
  if (before.length > LINES_MAX || after.length > LINES_MAX) return [`- ${before.length} lines`, `+ ${after.length} lines`]
  const common = commonLengths(before, after)
  const lines: string[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) { lines.push(`  ${before[i]}`); i++; j++ }
    else if (i < before.length && (j === after.length || (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) lines.push(`- ${before[i++]}`)
    else lines.push(`+ ${after[j++]}`)
  }
  return near(lines)
}

function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0))
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) {
      const row = lengths[i]
      if (row) row[j] = before[i] === after[j] ? 1 + (lengths[i + 1]?.[j + 1] ?? 0) : Math.max(lengths[i + 1]?.[j] ?? 0, row[j + 1] ?? 0)
    }
  return lengths
}

function near(lines: readonly string[]): readonly string[] {
  const changed = lines.flatMap((line, index) => line.startsWith(' ') ? [] : [index])
  const shown = lines.map((_, index) => changed.some(at => Math.abs(at - index) <= CONTEXT))
  return lines.flatMap((line, index) => shown[index] ? [...shown[index - 1] || index === 0 ? [] : [gap(lines, index)], line] : [])
}

/** Lines were left out before this one: of what they are a part of. */
function gap(lines: readonly string[], index: number): string {
  const within: string[] = []
  let depth = depthOf(lines[index])
  for (let before = index - 1; before >= 0 && depth > 0; before--) {
    const line = lines[before] ?? ''
    if (depthOf(line) >= depth) continue
    depth = depthOf(line)
    // A list's entry has no name of its own.
    if (!line.slice(2).trim().startsWith('- ')) within.unshift(line.slice(2).trim().replace(/:$/, ''))
  }
  return `  … ${within.join(' › ')}`.trimEnd()
}

const depthOf = (line = '') => line.slice(2).search(/[^ ]/)
