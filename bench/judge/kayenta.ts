/**
 * Kayenta's NetflixACAJudge: per metric, the minutes of both versions are compared by a Mann-Whitney interval of 98 % whose
 * tolerance is a quarter of the estimate itself. Judged after 30 and 60 minutes at 10 %; pass 95, marginal 75, errors critical.
 */
import type { Course, Method } from './method.ts'
import { Sums } from './sums.ts'

const QUANTILES = [0.5, 0.9, 0.99]
const [PASS, MARGINAL] = [95, 75]
const TOLERANCE = 0.25
const Z_98 = 2.3263478740408408
const OUTLIER_FACTOR = 3

export const kayenta: Method = {
  name: 'kayenta',
  begin: () => {
    const arms = [0, 1].map(() => ({ sums: new Sums(), points: [[], [], [], []] as number[][] }))
    let seconds = 0
    return {
      first: { share: 0.1 },
      see: ({ baseline, canary }): Course => {
        seconds += 1
        for (const [at, arm] of arms.entries()) {
          arm.sums.add(at === 0 ? baseline : canary)
          if (seconds % 60 === 0) takePoints(arm)
        }
        if (seconds !== 1800 && seconds !== 3600) return { share: 0.1 }
        const [old, fresh] = arms
        const score = old && fresh ? scoreOf(old.points, fresh.points) : 0
        if (score < (seconds === 1800 ? MARGINAL : PASS)) return { share: 0, verdict: 'rolled_back' }
        return seconds === 3600 ? { share: 1, verdict: 'promoted' } : { share: 0.1 }
      },
    }
  },
}

function takePoints({ sums, points }: { sums: Sums; points: number[][] }): void {
  if (sums.requests > 0) {
    points[0]?.push(sums.errors / sums.requests)
    for (const [at, quantile] of QUANTILES.entries()) points[at + 1]?.push(sums.percentile(quantile) ?? 0)
  }
  sums.clear()
}

function scoreOf(old: readonly number[][], fresh: readonly number[][]): number {
  const high = old.map((points, at) => isHigh(withoutOutliers(points), withoutOutliers(fresh[at] ?? [])))
  return high[0] ? 0 : 100 * high.filter(high => !high).length / high.length
}

function isHigh(old: readonly number[], fresh: readonly number[]): boolean {
  if (old.length === 0 || fresh.length === 0) return false
  const differences = fresh.flatMap(value => old.map(other => value - other)).sort((a, b) => a - b)
  const estimate = (differences[Math.floor((differences.length - 1) / 2)] ?? 0) / 2 + (differences[Math.ceil((differences.length - 1) / 2)] ?? 0) / 2
  const pairs = differences.length
  const reach = Z_98 * Math.sqrt(pairs * (old.length + fresh.length + 1) / 12)
  const low = differences[Math.max(0, Math.floor(pairs / 2 - reach))] ?? 0
  return low > TOLERANCE * Math.abs(estimate) && mean(fresh) >= mean(old)
}

function withoutOutliers(points: readonly number[]): number[] {
  const sorted = [...points].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const reach = OUTLIER_FACTOR * (at(0.75) - at(0.25))
  return points.filter(point => point >= at(0.25) - reach && point <= at(0.75) + reach)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
