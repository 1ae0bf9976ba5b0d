/** What would change, line by line. */
import type { Change } from '@vamp/model/api/change'
import { printYamlValue } from '@vamp/model/print/yaml'
import type { Io } from './io.ts'

const CONTEXT = 2
/** Beyond this the comparison of every line with every other is not worth it. */
const LINES_MAX = 2000

type Titles = Readonly<Record<Change['do'], string>>

const TITLE: Titles = { create: 'would be created', update: 'would be changed', delete: 'would be removed', keep: 'would stay as it is' }

/** `titles` where it is not about what would be. */
export function changeLines({ do: verb, kind, name, before, after, note }: Change, colours: Io['colours'], titles: Titles = TITLE): string {
  const title = `${kind}/${name} ${titles[verb]}\n`
  const noted = note === undefined ? '' : colours.yellow(`  ${note}\n`)
  if (verb === 'keep') return `${colours.dim(title)}${noted}`
  const lines = compare(linesOf(before), linesOf(after)).map(line => line.startsWith('+') ? colours.green(line) : line.startsWith('-') ? colours.red(line) : colours.dim(line))
  return `${colours.bold(title)}${noted}${lines.map(line => `  ${line}\n`).join('')}`
}

const linesOf = (value: unknown) => value === undefined ? [] : printYamlValue(value).trimEnd().split('\n')

/** Longest common subsequence; unchanged lines only near changed ones. */
export function compare(before: readonly string[], after: readonly string[]): readonly string[] {
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
  return lines.flatMap((line, index) => {
    if (changed.some(at => Math.abs(at - index) <= CONTEXT)) return [line]
    return changed.some(at => Math.abs(at - index) === CONTEXT + 1) ? ['  …'] : []
  }).filter((line, index, all) => line !== '  …' || all[index - 1] !== '  …')
}
