/**
 * Tests of counts that are pooled over the whole release, looked at every second while the share climbs 1/5/10/25/50 %, a
 * minute each. Both compare "mostly now" with "mostly then" as soon as the share moves.
 */
import type { ArmSecond } from '@vamp/stats/sequential/arm-second'
import { merge, quantileBucket } from '@vamp/stats/sketch'
import type { Course, Method } from './method.ts'
import { Exceedances } from './sums.ts'

const STEPS = [0.01, 0.05, 0.1, 0.25, 0.5]

/** Rates of one event in both versions. */
interface Pair { readonly oldUnits: number; readonly oldEvents: number; readonly freshUnits: number; readonly freshEvents: number }

function pooled(name: string, worse: (pair: Pair, metric: number) => boolean): Method {
  return {
    name,
    begin: (history: readonly ArmSecond[]) => {
      const past = merge(history.map(({ latency }) => latency))
      const buckets = [0.5, 0.99].map(quantile => quantileBucket(past, quantile) ?? 0)
      const arms = [0, 1].map(() => ({ requests: 0, errors: 0, slow: new Exceedances(buckets) }))
      let seconds = 0
      return {
        first: { share: STEPS[0] ?? 0 },
        see: ({ baseline, canary }): Course => {
          seconds += 1
          for (const [at, arm] of arms.entries()) {
            const seen = at === 0 ? baseline : canary
            arm.requests += seen.requests
            arm.errors += seen.errors
            arm.slow.add(seen.latency)
          }
          if (pairs(arms).some(worse)) return { share: 0, verdict: 'rolled_back' }
          const share = STEPS[Math.floor(seconds / 60)]
          return share === undefined ? { share: 1, verdict: 'promoted' } : { share }
        },
      }
    },
  }
}

function pairs(arms: readonly { requests: number; errors: number; slow: Exceedances }[]): Pair[] {
  const [old, fresh] = arms
  if (!old || !fresh || old.requests === 0 || fresh.requests === 0) return []
  const errors = { oldUnits: old.requests, oldEvents: old.errors, freshUnits: fresh.requests, freshEvents: fresh.errors }
  return [errors, ...old.slow.above.map((above, at) => ({ oldUnits: old.slow.units, oldEvents: above, freshUnits: fresh.slow.units, freshEvents: fresh.slow.above[at] ?? 0 }))]
}

function difference({ oldUnits, oldEvents, freshUnits, freshEvents }: Pair): { difference: number; variance: number } {
  const rate = (oldEvents + freshEvents) / (oldUnits + freshUnits)
  return { difference: freshEvents / freshUnits - oldEvents / oldUnits, variance: rate * (1 - rate) * (1 / oldUnits + 1 / freshUnits) }
}

/** A one-sided z test at 1 % per metric, as if each look were the only one. */
export const peekedZ = pooled('z peeked', pair => {
  const { difference: d, variance } = difference(pair)
  return variance > 0 && d / Math.sqrt(variance) > 2.3263478740408408
})

/** Scales of the normal mixture (points): errors, p50, p99. */
const MIXTURE = [0.01, 0.05, 0.02]
const ALPHA = 0.01

/** The mixture sequential probability ratio test of Johari, Pekelis & Walsh, 1 % shared by three metrics. */
export const msprt = pooled('msprt', (pair, metric) => {
  const { difference: d, variance: v } = difference(pair)
  const t = (MIXTURE[metric] ?? 0.01) ** 2
  return v > 0 && d > 0 && 0.5 * Math.log(v / (v + t)) + t * d * d / (2 * v * (v + t)) >= Math.log(MIXTURE.length / ALPHA)
})
