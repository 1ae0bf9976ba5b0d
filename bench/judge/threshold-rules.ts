/**
 * Flagger and Argo Rollouts: fixed thresholds on the new version alone, looked at once per interval.
 * Flagger: a failed check halts the step; so many failed checks in all roll back; no traffic fails the check.
 * Argo: the steps go on by the clock; more failures of one metric than its limit abort; no traffic counts as nothing.
 */
import type { Course, Method, SeenSecond } from './method.ts'
import { Sums } from './sums.ts'

interface Rule {
  readonly steps: readonly number[]
  readonly stepSeconds: number
  readonly interval: number
  readonly successMin: number
  /** Milliseconds; absent: latency is not looked at. */
  readonly p99Max?: number
}

const STEPS = [0.01, 0.05, 0.1, 0.25, 0.5]

/** `request-success-rate` ≥ 99 and `request-duration` ≤ 500 ms over one minute, threshold 5. */
export const flagger: Method = {
  name: 'flagger',
  begin: () => {
    const rule: Rule = { steps: STEPS, stepSeconds: 60, interval: 60, successMin: 0.99, p99Max: 500 }
    const sums = new Sums()
    let [step, failed, seconds] = [0, 0, 0]
    const share = () => rule.steps[step] ?? 1
    return {
      first: { share: share() },
      see: ({ canary }: SeenSecond): Course => {
        sums.add(canary)
        seconds += 1
        if (seconds % rule.interval !== 0) return { share: share() }
        const fails = sums.requests === 0 || failures(rule, sums).some(Boolean)
        sums.clear()
        if (fails) failed += 1
        else step += 1
        if (failed >= 5) return { share: 0, verdict: 'rolled_back' }
        return step >= rule.steps.length ? { share: 1, verdict: 'promoted' } : { share: share() }
      },
    }
  },
}

function argo(name: string, rule: Rule, failureLimit: number): Method {
  return {
    name,
    begin: () => {
      const sums = new Sums()
      const failed = [0, 0]
      let seconds = 0
      return {
        first: { share: rule.steps[0] ?? 0 },
        see: ({ canary }: SeenSecond): Course => {
          sums.add(canary)
          seconds += 1
          if (seconds % rule.interval === 0) {
            if (sums.requests > 0) for (const [metric, fails] of failures(rule, sums).entries()) failed[metric] = (failed[metric] ?? 0) + (fails ? 1 : 0)
            sums.clear()
            if (failed.some(count => count > failureLimit)) return { share: 0, verdict: 'rolled_back' }
          }
          const share = rule.steps[Math.floor(seconds / rule.stepSeconds)]
          return share === undefined ? { share: 1, verdict: 'promoted' } : { share }
        },
      }
    },
  }
}

function failures(rule: Rule, sums: Sums): boolean[] {
  const slow = rule.p99Max !== undefined && (sums.percentile(0.99) ?? 0) > rule.p99Max
  return [1 - sums.errors / Math.max(1, sums.requests) < rule.successMin, slow]
}

/** The documentation's example: `interval: 5m`, `successCondition: result[0] >= 0.95`, `failureLimit: 3`. */
export const argoDocs = argo('argo docs', { steps: [0.2, 0.4, 0.6, 0.8], stepSeconds: 600, interval: 300, successMin: 0.95 }, 3)

/** As tight as one would dare. */
export const argoMinute = argo('argo 1m', { steps: STEPS, stepSeconds: 300, interval: 60, successMin: 0.99, p99Max: 500 }, 3)
