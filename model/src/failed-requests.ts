/** Which requests failed, and how: bounded, with an exact sum. */
import type { Ending, FailedRequests } from './metric.ts'

/** Paths that are told of one version: as many as a person can still read. */
export const FAILURES_KEPT = 20
/** Paths that an agent tells of a cell. */
export const CELL_FAILURES_MAX = 8
/** Characters of a method and of a path. */
export const METHOD_MAX = 16
export const PATH_MAX = 120

/**
 * Failures of the same kind as one, the most frequent first, with at most `room` paths. What has no room is told without its path, and what has none
 * even so by its number alone, so the sum stays exact. A path on which more than one in `room + 1` failed is there, told too low by at most
 * that part; where there is room for all, every number is exact (the summary of Misra and Gries, which may be merged in any order).
 */
export function summedFailures(all: Iterable<FailedRequests>, room: number): readonly FailedRequests[] {
  const kinds = byKind(all)
  const places = mostFrequent(kinds.filter(({ path }) => path !== undefined), room)
  const rest = byKind([...kinds.filter(({ path }) => path === undefined), ...places.cut.map(({ method: _, path: __, ...failed }) => failed)])
  const plain = mostFrequent(rest.filter(({ status }) => status !== undefined), room)
  const others = sumOf(rest) - sumOf(plain.kept)
  return [...[...places.kept, ...plain.kept].sort(frequentFirst), ...others > 0 ? [{ requests: others }] : []]
}

export const sumOf = (all: readonly FailedRequests[]): number => all.reduce((sum, { requests }) => sum + requests, 0)

export const failureKind = ({ status, ending, method, path }: Omit<FailedRequests, 'requests'>): string => `${status} ${ending} ${method} ${path}`
const frequentFirst = (a: FailedRequests, b: FailedRequests) => b.requests - a.requests || (failureKind(a) < failureKind(b) ? -1 : 1)

function byKind(all: Iterable<FailedRequests>): FailedRequests[] {
  const kinds = new Map<string, FailedRequests>()
  for (const failed of all) {
    const same = kinds.get(failureKind(failed))
    kinds.set(failureKind(failed), same ? { ...same, requests: same.requests + failed.requests } : failed)
  }
  return [...kinds.values()]
}

/** As many are taken from each kept one as the first one had that found no room. */
function mostFrequent(kinds: readonly FailedRequests[], room: number): { readonly kept: readonly FailedRequests[]; readonly cut: readonly FailedRequests[] } {
  if (kinds.length <= room) return { kept: kinds, cut: [] }
  const each = kinds.toSorted(frequentFirst)[room]?.requests ?? 0
  return {
    kept: kinds.flatMap(failed => failed.requests > each ? [{ ...failed, requests: failed.requests - each }] : []),
    cut: kinds.map(failed => ({ ...failed, requests: Math.min(failed.requests, each) })),
  }
}

/** `5 × 500 on GET /cart, 2 × 502 (broken off by the instance) on GET /, 3 others`; empty where nothing failed. */
export function failuresText(all: readonly FailedRequests[], most = Number.POSITIVE_INFINITY): string {
  const told = all.filter(({ status }) => status !== undefined).slice(0, most)
  const others = sumOf(all) - sumOf(told)
  return [...told.map(failed => `${failed.requests} × ${failureText(failed)}`), ...others > 0 ? [`${others} ${others === 1 ? 'other' : 'others'}`] : []].join(', ')
}

/** How it failed, and on what. */
export function failureText({ status = 0, ending, method = '', path }: FailedRequests): string {
  const how = ending === undefined ? undefined : ENDING_WORDS[ending]
  const answer = status === 0 ? how ?? 'no answer' : how === undefined ? String(status) : `${status} (${how})`
  return path === undefined ? answer : `${answer} on ${`${method} ${path}`.trimStart()}`
}

const ENDING_WORDS: Readonly<Record<Ending, string>> = {
  client: 'the client gave up', connect: 'no instance to connect to', server: 'broken off by the instance', timeout: 'too slow', queue: 'no turn', refused: 'refused by a policy', proxy: 'the proxy itself',
}
