import type { Parsed, Problem } from '@vamp/model/problem'

/** A document that cannot be accepted, on its way from a handler to the answer: all of its problems. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems[0]?.message ?? 'refused')
    this.problems = problems
  }
}

/** The value, or the problems thrown to where answers are made. */
export function accepted<T>(parsed: Parsed<T>): T {
  if (parsed.is === 'refused') throw new Refused(parsed.problems)
  return parsed.value
}

/** Whatever is refused in it is a problem of this document. */
export async function inDocument<T>(document: NonNullable<Problem['document']>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Refused ? new Refused(error.problems.map(problem => ({ document, ...problem }))) : error
  }
}

export const refuse = (code: string, message: string, path = '', hint?: string): never => {
  throw new Refused([{ code, message, path, ...(hint === undefined ? {} : { hint }) }])
}
