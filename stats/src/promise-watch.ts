/** Whether a promise about latency is kept as planned, whatever a model says: what it does not explain, and what is late beyond the plan. */

/** Measured and expected latencies of the last minutes. */
const DRIFT_HALF_LIFE_SECONDS = 60
const DRIFT_SURE = 1.02
/** Requests of those minutes that are worth a word. */
const DRIFT_REQUESTS = 1000
/** More is no drift: the model is wrong, and will be another. */
const DRIFT_MAX = 1.2

export interface Drift {
  see(measuredMs: number, expectedMs: number, requests: number, at: number): void
  /** How many times longer requests take than the model says; 1 where it is about right. */
  readonly factor: number
}

export function openDrift(): Drift {
  let [measured, expected, weight, last] = [0, 0, 0, 0]
  return {
    see(measuredMs, expectedMs, requests, at) {
      const keep = 0.5 ** ((at - last) / DRIFT_HALF_LIFE_SECONDS)
      measured = measured * keep + measuredMs * requests
      expected = expected * keep + expectedMs * requests
      weight = weight * keep + requests
      last = at
    },
    get factor() {
      const factor = expected > 0 ? measured / expected : 1
      return weight > DRIFT_REQUESTS && factor > DRIFT_SURE ? Math.min(DRIFT_MAX, factor) : 1
    },
  }
}

/** Evidence is collected for so many times what is tolerated, until it is a hundred to one. */
const AGAINST = 5
const EVIDENCE = Math.log(100)
/** Each time it is too much, so much less load; forgotten with this half-life. */
const STEP = Math.log(0.95)
const LEAST = Math.log(0.6)
const HALF_LIFE_SECONDS = 300

export interface Spending {
  /** `tolerated`: share of the requests that may be late. */
  see(late: number, requests: number, tolerated: number, at: number): void
  /** Of the load that was planned, so much is given; 1 where no more is late than was. */
  readonly factor: number
}

/** How fast what may be late is used up: a cumulative sum of likelihood ratios (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954). */
export function openSpending(): Spending {
  let [evidence, less, last] = [0, 0, 0]
  return {
    see(late, requests, tolerated, at) {
      less *= 0.5 ** (Math.max(0, at - last) / HALF_LIFE_SECONDS)
      last = at
      evidence = Math.max(0, evidence + late * Math.log(AGAINST) - requests * (AGAINST - 1) * tolerated)
      if (evidence < EVIDENCE) return
      evidence = 0
      less = Math.max(LEAST, less + STEP)
    },
    get factor() { return less > -0.005 ? 1 : Math.exp(less) },
  }
}
