/** `vamp fmt shop.yml`: files in the canonical form, in place. Nothing is written if one of them is refused. */
import { writeFile } from 'node:fs/promises'
import { formatDocuments } from '@vamp/model/print/format'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { textsOf } from '../files.ts'
import type { Io } from '../io.ts'

export interface FmtFlags {
  /** Only tells which files would change. */
  readonly check?: boolean
  /** Also files whose comments get lost. */
  readonly force?: boolean
}

/** The standard input is written to the standard output. */
export async function fmt(io: Io, paths: readonly string[], { check = false, force = false }: FmtFlags): Promise<number> {
  const texts = await Promise.all(paths.map(async path => (await textsOf(path, io)).map(text => ({ ...text, piped: path === '-' }))))
  // JSON is the language too, but YAML under its name would be none to other programs.
  const files = texts.flat().filter(({ file }) => !file.toLowerCase().endsWith('.json')).map(text => ({ ...text, form: canonical(text.text, text.file, force) }))
  const refusals = files.flatMap(({ form }) => form.is === 'refused' ? [form.why] : [])
  if (refusals.length > 0) {
    io.out(refusals.map(why => `${why}\n`).join(''))
    io.err(`${many(refusals.length, 'file')} refused, nothing written\n`)
    return EXIT.refused
  }
  let changed = 0
  for (const { file, text, piped, form } of files) {
    const after = form.is === 'text' ? form.text : text
    if (after !== text) changed++
    if (piped && !check) io.out(after)
    else if (after !== text) {
      if (!check) await writeFile(file, after)
      io.out(`${file}\n`)
    }
  }
  io.err(`${many(changed, 'file')} ${check ? 'would change' : 'changed'}, ${files.length - changed} as ${files.length - changed === 1 ? 'it' : 'they'} should be\n`)
  return check && changed > 0 ? EXIT.failed : EXIT.ok
}

type Form =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'refused'; readonly why: string }

function canonical(text: string, file: string, force: boolean): Form {
  const formatted = formatDocuments(text)
  if (formatted.is === 'refused') return { is: 'refused', why: describeProblems(formatted.problems, file) }
  const [first, ...more] = formatted.value.comments
  if (first === undefined || force) return { is: 'text', text: formatted.value.text }
  const what = more.length === 0 ? 'its comment' : `its ${more.length + 1} comments`
  return { is: 'refused', why: `${file}:${first} ${what} would be lost; --force formats it without ${more.length === 0 ? 'it' : 'them'}` }
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
