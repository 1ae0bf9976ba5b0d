/** What went wrong, for a person: what, why, what to try; and for a script: the exit code. */
import { ApiError, Unreachable } from '@vamp/client/api-error'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'

/** Thrown by commands for what they find themselves. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exit: number

  constructor(exit: number, message: string) {
    super(message)
    this.exit = exit
  }
}

export function tellFailure(error: unknown, { err, colours, signal }: Io): number {
  if (signal.aborted) return 130
  const { text, exit } = describe(error)
  err(`${colours.red('error')} ${text}\n`)
  return exit
}

function describe(error: unknown): { readonly text: string; readonly exit: number } {
  if (error instanceof CommandFailure) return { text: error.message, exit: error.exit }
  if (error instanceof Unreachable) return { text: `${error.message}\n  → is it running? "vamp up" starts one; --host or VAMP_HOST names another`, exit: EXIT.unreachable }
  if (error instanceof ApiError) return describeAnswer(error)
  return { text: error instanceof Error ? error.message : String(error), exit: EXIT.failed }
}

function describeAnswer({ status, message, problems, code }: ApiError): { readonly text: string; readonly exit: number } {
  if (problems.length > 0) return { text: `the server refused it, nothing was changed\n${describeProblems(problems)}`, exit: EXIT.refused }
  if (status === 401) return { text: `${message}\n  → give a token with --token or VAMP_TOKEN`, exit: EXIT.failed }
  if (status === 404) return { text: message, exit: EXIT.not_found }
  if (status === 412) return { text: `${message}\n  → look at it again and repeat your change`, exit: EXIT.refused }
  return { text: message, exit: status < 500 && code !== '' && status !== 403 ? EXIT.refused : EXIT.failed }
}
