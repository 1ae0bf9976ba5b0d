/** Sums of counts that are being filled, by point and by key; what many packed entries become without an object for each. */
import { type Cell, ENDINGS } from '@vamp/model/metric'
import { Sketch } from '@vamp/stats/sketch'
import type { CellKey, Point } from './series.ts'

export class CountSum {
  requests = 0
  errors = 0
  bytes = 0
  readonly statuses: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0]
  readonly latency = new Sketch()
  /** As in `ENDINGS`. */
  readonly endings = ENDINGS.map(() => 0)
  busy = 0

  add({ requests, errors, bytes, statuses, latency, endings, busy = 0 }: Omit<Cell, keyof CellKey | 'part'>): void {
    this.requests += requests
    this.errors += errors
    this.bytes += bytes
    for (let status = 0; status < statuses.length; status++) this.statuses[status] = (this.statuses[status] ?? 0) + (statuses[status] ?? 0)
    this.latency.merge(latency)
    if (endings) for (const [index, ending] of ENDINGS.entries()) this.endings[index] = (this.endings[index] ?? 0) + (endings[ending] ?? 0)
    this.busy += busy
  }

  counts() {
    return { requests: this.requests, errors: this.errors, bytes: this.bytes, statuses: this.statuses, latency: this.latency.toData(), ...endingsOf(this.endings), ...(this.busy > 0 ? { busy: this.busy } : {}) }
  }
}

/** Nothing where all are 0. */
export function endingsOf(counts: readonly number[]): Pick<Cell, 'endings'> {
  return counts.some(count => count > 0) ? { endings: Object.fromEntries(ENDINGS.flatMap((ending, index) => (counts[index] ?? 0) > 0 ? [[ending, counts[index]]] : [])) } : {}
}

export interface PointSums<K> {
  /** The sum of the point that the second lies in; nothing if it is outside the window. */
  at(key: K, second: number): CountSum | undefined
  /** Whether all these seconds lie in one point. */
  inOne(first: number, end: number): boolean
  points(keyOf: (key: K) => CellKey | undefined): Point[]
}

/** `K` tells keys apart by identity: an id or a text. */
export function pointSums<K>({ from, to, step }: { readonly from: number; readonly to: number; readonly step: number }): PointSums<K> {
  const slots = new Map<number, Map<K, CountSum>>()
  return {
    at(key, second) {
      if (second < from || second >= to) return undefined
      const slot = Math.floor((second - from) / step)
      let sums = slots.get(slot)
      if (!sums) { sums = new Map(); slots.set(slot, sums) }
      let sum = sums.get(key)
      if (!sum) { sum = new CountSum(); sums.set(key, sum) }
      return sum
    },
    inOne: (first, end) => first >= from && end <= to && Math.floor((first - from) / step) === Math.floor((end - 1 - from) / step),
    points: keyOf => [...slots].sort(([a], [b]) => a - b).map(([slot, sums]) => ({
      second: from + slot * step,
      cells: [...sums].flatMap(([key, sum]): Cell[] => { const of = keyOf(key); return of ? [{ ...of, part: 0, ...sum.counts() }] : [] }),
    })),
  }
}
