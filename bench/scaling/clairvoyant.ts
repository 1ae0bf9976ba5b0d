/**
 * What is possible at all: a scaler that knows the rate of visitors of every second to come, how long the work takes, and the law
 * by which they wait (`stats/src/queueing.ts`); only the dice are unknown to it. `missCost` is how many instance-seconds it spends to
 * spare one late request: from a scan of it comes the fewest misses for so many instance-hours.
 */
import { capacityOf, shareAbove, type Station } from '../../stats/src/queueing.ts'
import type { Method, Scenario } from './simulator.ts'

/** σ of the logarithm of the work, as simulated. */
const SIGMA = 0.35
const ENDS = [...Array.from({ length: 19 }, (_, index) => (index + 1) / 20), 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1]

export function clairvoyant(scenario: Scenario, missCost: number): Method {
  const { service, rate, slowdown = () => 1, minimum, maximum } = scenario
  const shape = ENDS.map((end, index): [number, number] => { const from = ENDS[index - 1] ?? 0; return [Math.exp(SIGMA * normalQuantile((from + end) / 2) - SIGMA ** 2 / 2), end - from] })
  const known = new Map<string, number>()
  const best = (second: number) => {
    const station: Station = { servers: service.servers, serviceMs: service.serviceMs * slowdown(second), spread: Math.exp(SIGMA ** 2) - 1 }
    const visitors = rate(second)
    const key = `${visitors.toFixed(1)} ${station.serviceMs.toFixed(1)}`
    const found = known.get(key)
    if (found !== undefined) return found
    const alone = shareAbove(station, shape, 0, service.sloMs)
    let [least, at] = [Number.POSITIVE_INFINITY, maximum]
    for (let size = Math.max(minimum, Math.floor(visitors / capacityOf(station))); size <= maximum; size++) {
      const cost = size + missCost * visitors * (shareAbove(station, shape, visitors / size, service.sloMs, 1 / size) - alone)
      if (cost < least) { least = cost; at = size }
    }
    known.set(key, at)
    return at
  }
  return {
    name: `clairvoyant ${missCost}`,
    /** As many as it will need at most from now until what is ordered at the next look serves. */
    tick: ({ now }) => Math.max(...Array.from({ length: Math.ceil(service.startUpSeconds) + 3 }, (_, ahead) => best(Math.floor(now) + ahead))),
  }
}

/** By bisection of the error function's series (Abramowitz and Stegun, 7.1.5): twenty-four numbers do not ask for more. */
function normalQuantile(share: number): number {
  let [low, high] = [-6, 6]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (normalShare(middle) < share) low = middle
    else high = middle
  }
  return low
}

function normalShare(at: number): number {
  let [term, sum] = [at, at]
  for (let n = 1; n < 120; n++) { term *= -(at * at) / 2 / n; sum += term / (2 * n + 1) }
  return 0.5 + sum / Math.sqrt(2 * Math.PI)
}
