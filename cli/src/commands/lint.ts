/** `vamp lint shop.yml`: what is wrong with files, without any server. */
import { parseBodies } from '@vamp/model/parse/document'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { textsOf } from '../files.ts'
import type { Io } from '../io.ts'

export async function lint(io: Io, files: readonly string[]): Promise<number> {
  const texts = (await Promise.all(files.map(file => textsOf(file, io)))).flat()
  let wrong = 0
  let documents = 0
  for (const { file, text } of texts) {
    const parsed = parseBodies(text)
    if (parsed.is === 'ok') documents += parsed.value.length
    else {
      wrong += parsed.problems.length
      io.out(`${describeProblems(parsed.problems, file)}\n`)
    }
  }
  io.err(wrong === 0 ? `${documents} ${documents === 1 ? 'document' : 'documents'}, nothing wrong\n` : `${wrong} ${wrong === 1 ? 'problem' : 'problems'}\n`)
  return wrong === 0 ? EXIT.ok : EXIT.refused
}
