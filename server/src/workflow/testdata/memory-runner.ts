/** Runs that end when a test says so, or at once as the test's function of the request says. */
import type { RunEnd, Runner, RunListener, RunRequest } from '../runner.ts'

export interface MemoryRunner extends Runner {
  /** Under way. */
  readonly running: readonly { readonly request: RunRequest; readonly listener: RunListener; end(end: RunEnd): void }[]
  /** All that ever began. */
  readonly begun: readonly RunRequest[]
}

export function memoryRunner(answer: (request: RunRequest) => RunEnd | undefined = () => undefined): MemoryRunner {
  const running: { request: RunRequest; listener: RunListener; end(end: RunEnd): void }[] = []
  const begun: RunRequest[] = []
  return {
    running, begun,
    start(request, listener) {
      begun.push(request)
      const { promise: ended, resolve } = Promise.withResolvers<RunEnd>()
      const entry = { request, listener, end: (end: RunEnd) => { const at = running.indexOf(entry); if (at >= 0) running.splice(at, 1); resolve(end) } }
      running.push(entry)
      const given = answer(request)
      if (given) entry.end(given)
      return { ended, stop: reason => entry.end({ state: 'stopped', reason }) }
    },
    async [Symbol.asyncDispose]() { for (const entry of [...running]) entry.end({ state: 'stopped', reason: 'the server ended' }) },
  }
}
