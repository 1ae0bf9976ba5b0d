/** Counts of one group in one second, kept in one place so that a simulated request costs no memory. */
import type { ArmPart } from '@vamp/stats/sequential/arm-second'
import { BUCKET_MAX, BUCKET_MIN, BUCKETS } from '@vamp/stats/sketch'

export class Tally {
  readonly #counts = new Int32Array(BUCKETS)
  #requests = 0
  #errors = 0
  #sessions = 0
  #sessionsFailed = 0
  #low = BUCKET_MAX
  #high = BUCKET_MIN

  /** `opens`: this is the first request of its session in this second. */
  add(bucket: number, failed: boolean, opens: boolean): void {
    const kept = Math.min(BUCKET_MAX, Math.max(BUCKET_MIN, bucket))
    const at = kept - BUCKET_MIN
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    if (kept < this.#low) this.#low = kept
    if (kept > this.#high) this.#high = kept
    this.#requests += 1
    if (failed) this.#errors += 1
    if (opens) this.#sessions += 1
    if (opens && failed) this.#sessionsFailed += 1
  }

  /** What was counted; the tally is empty afterwards. */
  take(sessions: boolean): ArmPart {
    const latency: [number, number][] = []
    for (let bucket = this.#low; bucket <= this.#high; bucket++) {
      const count = this.#counts[bucket - BUCKET_MIN] ?? 0
      if (count > 0) latency.push([bucket, count])
    }
    this.#counts.fill(0, this.#low - BUCKET_MIN, this.#high - BUCKET_MIN + 1)
    const part = { requests: this.#requests, errors: this.#errors, latency, ...(sessions ? { sessions: { seen: this.#sessions, failed: this.#sessionsFailed } } : {}) }
    this.#requests = 0
    this.#errors = 0
    this.#sessions = 0
    this.#sessionsFailed = 0
    this.#low = BUCKET_MAX
    this.#high = BUCKET_MIN
    return part
  }
}
