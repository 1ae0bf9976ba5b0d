/** What the visitor wrote down, held against what was in force: nothing may fail, and nothing may come from where it should not. */
import { readFileSync } from 'node:fs'

/** From one acknowledgement until the next change is ordered, only these versions may answer. Microseconds of the monotonic clock. */
export interface Interval { readonly from: number; to: number; readonly allowed: ReadonlySet<number> }

export interface Judged { readonly requests: number; readonly failed: number; readonly resets: number; readonly wrong: number; readonly judged: number }

const FIELDS = 4

export function judge(file: string, intervals: readonly Interval[]): Judged {
  const bytes = readFileSync(file)
  const rows = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  let [failed, resets, wrong, judged] = [0, 0, 0, 0]
  const all: [start: number, end: number, version: number][] = []
  for (let at = 0; at < rows.length; at += FIELDS) {
    const [start = 0, end = 0, version = -1, status = 0] = rows.subarray(at, at + FIELDS)
    if (status === 0) resets++
    if (status !== 200) failed++
    else all.push([start, end, version])
  }
  all.sort((a, b) => a[0] - b[0])
  let index = 0
  for (const [start, end, version] of all) {
    while (index < intervals.length && (intervals[index]?.to ?? 0) <= start) index++
    const interval = intervals[index]
    // What was still under way when the next change was ordered may have met it.
    if (!interval || start < interval.from || end > interval.to) continue
    judged++
    if (!interval.allowed.has(version)) wrong++
  }
  return { requests: rows.length / FIELDS, failed, resets, wrong, judged }
}

export const nowUs = () => Number(process.hrtime.bigint() / 1000n)
