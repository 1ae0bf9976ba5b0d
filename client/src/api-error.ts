import type { Problem } from '@vamp/model/problem'

/** An answer that is no success. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** Of HTTP. */
  readonly status: number
  /** From the server's table of faults: `not_found`, `revision_mismatch`, `refused` …; '' where the answer came from something else. */
  readonly code: string
  readonly problems: readonly Problem[]
  /** Everything that was answered, where it was JSON: an answer can be data and yet no success, as that of a server that is not ready. */
  readonly body: unknown

  constructor(status: number, code: string, message: string, problems: readonly Problem[] = [], body?: unknown) {
    super(message)
    this.status = status
    this.code = code
    this.problems = problems
    this.body = body
  }
}

/** Nobody answered: no server there, no network, or it took too long. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  readonly url: string

  constructor(url: string, cause: unknown) {
    super(`${new URL(url).origin} does not answer: ${reasonOf(cause)}`, { cause })
    this.url = url
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return typeof code === 'string' && error.message === '' ? code : error.message
}
