/** Chunks: the packed points of one series over a span of time, with their sum. */
import { CountSum } from '../count-sum.ts'
import { addPacked, PackedCounts } from '../packed-counts.ts'
import type { Resolution } from '../series.ts'

/** Seconds of one chunk, and the step below, of which it is the sum. */
export const LEVELS = {
  1: { span: 60, below: undefined },
  10: { span: 600, below: 1 },
  60: { span: 7200, below: 10 },
} as const satisfies Readonly<Record<Resolution, { readonly span: number; readonly below: Resolution | undefined }>>

export interface Chunk { readonly step: Resolution; readonly start: number; readonly series: number; readonly points: Uint8Array; readonly total: Uint8Array }

/** Where the chunk begins that a second belongs to. */
export function chunkStart(step: Resolution, second: number): number {
  return Math.floor(second / LEVELS[step].span) * LEVELS[step].span
}

/** Chunks of a coarser step from those of a finer one; all given ones of a series and span become one. */
export function coarser(step: Resolution, finer: readonly Pick<Chunk, 'step' | 'start' | 'series' | 'points'>[]): Chunk[] {
  const spans = new Map<string, { readonly start: number; readonly series: number; readonly sums: Map<number, CountSum>; readonly total: CountSum }>()
  for (const { step: fine, start: from, series, points } of finer) {
    const start = chunkStart(step, from)
    const key = `${series} ${start}`
    const span = spans.get(key) ?? { start, series, sums: new Map<number, CountSum>(), total: new CountSum() }
    spans.set(key, span)
    addPacked(points, at => {
      const place = Math.floor((from - start + at * fine) / step)
      const sum = span.sums.get(place) ?? new CountSum()
      span.sums.set(place, sum)
      return sum
    })
  }
  return [...spans.values()].map(({ start, series, sums, total }) => {
    const points = new PackedCounts()
    for (const [place, sum] of [...sums].sort(([a], [b]) => a - b)) {
      const counts = sum.counts()
      points.append(place, counts)
      total.add(counts)
    }
    return { step, start, series, points: points.bytes.slice(), total: packedTotal(total) }
  })
}

export function packedTotal(sum: CountSum): Uint8Array {
  const packed = new PackedCounts()
  packed.append(0, sum.counts())
  return packed.bytes.slice()
}
