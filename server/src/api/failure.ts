/** What went wrong, as an answer. Whatever is no fault of ours to tell is logged and told as an internal error. */
import type { Logger } from '@vamp/agent/base/log'
import type { ErrorBody, ProblemDetails } from '@vamp/model/api/errors'
import { Fault, FAULTS } from '@vamp/model/fault'
import type { Problem } from '@vamp/model/problem'
import { Refused } from './refused.ts'

export interface Failure {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly message: string
  readonly problems?: readonly Problem[]
}

/** Errors of the HTTP framework carry their status; their messages are about the request. */
interface RequestError { readonly statusCode: number; readonly message: string }

export function failureOf(error: unknown, log: Logger, facts: Readonly<Record<string, unknown>>): Failure {
  if (error instanceof Refused) return { status: 400, code: 'refused', title: 'The document has problems', message: error.message, problems: error.problems }
  if (error instanceof Fault) {
    if (error.status >= 500) log.warn('a request failed', { ...facts, error })
    return { status: error.status, code: error.code, title: FAULTS[error.code].title, message: error.code === 'internal' ? FAULTS.internal.title : error.message }
  }
  if (isRequestError(error)) {
    if (error.statusCode === 415) return failureOf(new Fault('unsupported_media', 'Bodies are application/json or application/x-yaml: say so in Content-Type.'), log, facts)
    const code = error.statusCode === 413 ? 'too_large' : 'invalid'
    return { status: error.statusCode, code, title: FAULTS[code].title, message: error.message }
  }
  log.error('a request met a bug', { ...facts, error })
  return { status: 500, code: 'internal', title: FAULTS.internal.title, message: FAULTS.internal.title }
}

function isRequestError(error: unknown): error is RequestError {
  if (!(error instanceof Error)) return false
  const { statusCode } = error as Partial<RequestError>
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
}

/** `problem+json` for whoever accepts it, the original's `{message}` otherwise. */
export function failureBody({ status, code, title, message, problems }: Failure, details: boolean): ErrorBody | ProblemDetails {
  const found = problems ? { problems: problems.map(problem => ({ ...problem })) } : {}
  return details ? { type: `urn:vamp:${code}`, title, status, detail: message, code, ...found } : { message, code, ...found }
}
