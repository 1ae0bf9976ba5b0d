/** `vamp lint shop.yml`: what is wrong with files, without any server. */
import { type Body, parseBodies } from '@vamp/model/parse/document'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { textsOf } from '../files.ts'
import type { Io } from '../io.ts'
import { lostRoutes } from '../lost-routes.ts'

export async function lint(io: Io, files: readonly string[]): Promise<number> {
  const texts = (await Promise.all(files.map(file => textsOf(file, io)))).flat()
  let wrong = 0
  const bodies: Body[] = []
  for (const { file, text } of texts) {
    const parsed = parseBodies(text)
    if (parsed.is === 'ok') bodies.push(...parsed.value)
    else {
      wrong += parsed.problems.length
      io.out(`${describeProblems(parsed.problems, file)}\n`)
    }
  }
  // Of files that can be read only: what is wrong in one may be what a route leads to.
  if (wrong === 0) for (const lost of lostRoutes(bodies)) io.out(`${io.colours.yellow('note')} ${lost}\n`)
  const documents = bodies.length
  io.err(wrong === 0 ? `${documents} ${documents === 1 ? 'document' : 'documents'}, nothing wrong\n` : `${wrong} ${wrong === 1 ? 'problem' : 'problems'}\n`)
  return wrong === 0 ? EXIT.ok : EXIT.refused
}
