/** What is wrong with a script, and where: `script` stands for its file, in every runner. */
import { stripTypeScriptTypes } from 'node:module'

/** TypeScript as JavaScript, everything at its place. Throws a `SyntaxError` with the place. */
export function withoutTypes(script: string): string {
  try {
    return stripTypeScriptTypes(script)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new SyntaxError(`${error.message}${placeOf(error.stack ?? '', script)}`, { cause: error })
  }
}

/** The place is told by a picture alone: the number of the line, lines of the script, and carets below; none where the script ends too early. */
function placeOf(stack: string, script: string): string {
  const [, line] = /^:(\d+)\n/.exec(stack) ?? []
  if (line === undefined) return ''
  const carets = stack.split('\n').find(each => /^\s*\^+\s*$/.test(each))
  return ` (script:${line}:${(carets?.indexOf('^') ?? script.split('\n')[Number(line) - 1]?.length ?? 0) + 1})`
}

/** A reason, with what to do about it where that is known. */
export function withAdvice(reason: string): string {
  return /^(ReferenceError: )?'?vamp'? is not defined/.test(reason) ? `${reason}: the script begins with import { vamp } from '@vamp/client/workflow'` : reason
}
