/** Counts of one group in one second, kept in one place so that a simulated request costs no memory. */
import type { ArmPart } from '@vamp/stats/sequential/arm-second'
import { BUCKET_MAX, BUCKET_MIN, BUCKETS } from '@vamp/stats/sketch'

const WORD = 32
/** Most buckets hold one request or two: those pairs are the same ones every time. */
const FEW = 3
const PAIRS: readonly (readonly (readonly [bucket: number, count: number])[])[] = Array.from({ length: FEW }, (_, count) => Array.from({ length: BUCKETS }, (_, at) => [at + BUCKET_MIN, count] as const))

export class Tally {
  readonly #counts = new Int32Array(BUCKETS)
  /** A bit for each bucket that holds something: most hold nothing, and looking at each is what a simulated second would cost most. */
  readonly #held = new Uint32Array(Math.ceil(BUCKETS / WORD))
  #kinds = 0
  #requests = 0
  #errors = 0
  #sessions = 0
  #sessionsFailed = 0

  /** `opens`: this is the first request of its session in this second. */
  add(bucket: number, failed: boolean, opens: boolean): void {
    const kept = Math.min(BUCKET_MAX, Math.max(BUCKET_MIN, bucket))
    const at = kept - BUCKET_MIN
    const before = this.#counts[at] ?? 0
    this.#counts[at] = before + 1
    if (before === 0) {
      this.#kinds += 1
      this.#held[at >>> 5] = (this.#held[at >>> 5] ?? 0) | (1 << (at & 31))
    }
    this.#requests += 1
    if (failed) this.#errors += 1
    if (opens) this.#sessions += 1
    if (opens && failed) this.#sessionsFailed += 1
  }

  /** What was counted; the tally is empty afterwards. */
  take(sessions: boolean): ArmPart {
    const latency = new Array<readonly [number, number]>(this.#kinds)
    for (let word = 0, place = 0; place < latency.length; word++) {
      for (let bits = this.#held[word] ?? 0; bits !== 0; bits &= bits - 1) {
        const at = word * WORD + (WORD - 1 - Math.clz32(bits & -bits))
        const count = this.#counts[at] ?? 0
        latency[place++] = PAIRS[count]?.[at] ?? [at + BUCKET_MIN, count]
        this.#counts[at] = 0
      }
      this.#held[word] = 0
    }
    this.#kinds = 0
    const part = { requests: this.#requests, errors: this.#errors, latency, ...(sessions ? { sessions: { seen: this.#sessions, failed: this.#sessionsFailed } } : {}) }
    this.#requests = 0
    this.#errors = 0
    this.#sessions = 0
    this.#sessionsFailed = 0
    return part
  }
}
