/** The errors of a cell by kind. However many paths fail, there is a bound on what is remembered, and the sum is exact. */
import { CELL_FAILURES_MAX, failureKind, METHOD_MAX, summedFailures } from '@vamp/model/failed-requests'
import type { Ending, FailedRequests } from '@vamp/model/metric'
import type { Asked } from '../proxy/proxy.ts'
import { askedPath } from './asked-path.ts'

/** Kinds at a time; then those of which there are few lose their paths. */
const KINDS_MAX = 4 * CELL_FAILURES_MAX

export class FailureCounts {
  #kinds = new Map<string, { readonly kind: Omit<FailedRequests, 'requests'>; requests: number }>()

  add(status: number, ending: Ending | undefined, asked: Asked | undefined): void {
    const kind = { status, ...(ending ? { ending } : {}), ...(asked ? { method: asked.method.slice(0, METHOD_MAX), path: askedPath(asked.path) } : {}) }
    const key = failureKind(kind)
    const same = this.#kinds.get(key)
    if (same) { same.requests++; return }
    if (this.#kinds.size >= KINDS_MAX) this.#kinds = new Map(this.told().map(({ requests, ...kind }) => [failureKind(kind), { kind, requests }]))
    this.#kinds.set(key, { kind, requests: 1 + (this.#kinds.get(key)?.requests ?? 0) })
  }

  told(): readonly FailedRequests[] {
    const all = Array.from(this.#kinds.values(), ({ kind, requests }) => ({ requests, ...kind }))
    return all.length <= CELL_FAILURES_MAX ? all : summedFailures(all, CELL_FAILURES_MAX)
  }
}
