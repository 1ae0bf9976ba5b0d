/**
 * What others do, with the defaults that they document.
 *
 * - Kubernetes HPA (autoscaling/v2): every 15 s, tolerance 10 %; up at once by the larger of twice and four more per 15 s, down by the
 *   most that was recommended in 300 s. On CPU at 80 %, which `kubectl autoscale` takes where nothing is said. Metrics of 15 s.
 * - KEDA with a Prometheus scaler: the same HPA on requests a second per instance, as `rate(…[1m])`; 80 % of what an instance bears.
 * - Knative KPA: every 2 s; stable window 60 s, panic window 6 s from twice the capacity on, 70 % of the container's concurrency,
 *   at most 1000 times up and half down, no decrease in panic.
 * - The original's SLA, as its documentation has it: response time over 600 s, 600 s of cooldown, one instance at a time, looked at
 *   every 5 s. No measurements count as a response time of zero.
 */
import { millisecondsOf } from '../../stats/src/sketch.ts'
import type { Method, Scenario, View } from './simulator.ts'

interface Sample { readonly at: number; readonly requests: number; readonly busy: number; readonly inFlight: number; readonly meanMs: number | null }

/** Seconds that were seen, newest last; blind ones leave a gap. */
function openMemory(keep: number) {
  const samples: Sample[] = []
  return {
    add({ now, second, busy, inFlight }: View) {
      if (second) {
        const count = second.latency.reduce((sum, pair) => sum + pair[1], 0)
        samples.push({ at: now, requests: second.requests, busy: busy ?? 0, inFlight: inFlight ?? 0, meanMs: count > 0 ? second.latency.reduce((sum, [bucket, n]) => sum + n * millisecondsOf(bucket), 0) / count : null })
      }
      while ((samples[0]?.at ?? now) < now - keep) samples.shift()
    },
    last: (now: number, seconds: number) => samples.filter(({ at }) => at > now - seconds),
  }
}

const mean = (values: readonly number[]) => values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined

/** The behaviour of HPA around a recommendation. */
function openHpa(recommend: (view: View, memory: ReturnType<typeof openMemory>) => number | undefined, name: string): Method {
  const memory = openMemory(120)
  const recommended: { at: number; size: number }[] = []
  let next = 0
  return {
    name,
    tick(view) {
      memory.add(view)
      if (view.now < next) return view.instances
      next = view.now + 15
      const size = recommend(view, memory)
      if (size === undefined) return view.instances
      recommended.push({ at: view.now, size })
      while ((recommended[0]?.at ?? view.now) < view.now - 300) recommended.shift()
      const most = Math.max(...recommended.map(each => each.size))
      if (size > view.instances) return Math.min(size, Math.max(2 * view.instances, view.instances + 4))
      return Math.min(view.instances, Math.max(size, most))
    },
  }
}

const TOLERANCE = 0.1

export function hpa(): Method {
  return openHpa((view, memory) => {
    const busy = mean(memory.last(view.now, 15).map(each => each.busy))
    if (busy === undefined) return undefined
    const ratio = busy / 0.8
    return Math.abs(ratio - 1) <= TOLERANCE ? view.instances : Math.ceil(view.ready * ratio)
  }, 'HPA')
}

export function keda({ service }: Scenario): Method {
  const target = 0.8 * service.servers * 1000 / service.serviceMs
  return openHpa((view, memory) => {
    const seen = memory.last(view.now, 60)
    const rate = mean(seen.map(each => each.requests))
    // A range with fewer than two scrapes has no rate.
    if (rate === undefined || seen.length < 30) return undefined
    const ratio = rate / (target * view.instances)
    return Math.abs(ratio - 1) <= TOLERANCE ? view.instances : Math.ceil(rate / target)
  }, 'KEDA')
}

export function kpa({ service }: Scenario): Method {
  const target = 0.7 * service.servers
  const memory = openMemory(60)
  let [next, panicUntil, panicSize] = [0, 0, 0]
  return {
    name: 'Knative KPA',
    tick(view) {
      memory.add(view)
      if (view.now < next) return view.instances
      next = view.now + 2
      const [stable, panic] = [mean(memory.last(view.now, 60).map(each => each.inFlight)), mean(memory.last(view.now, 6).map(each => each.inFlight))]
      if (stable === undefined || panic === undefined) return view.instances
      const [up, down] = [1000 * Math.max(1, view.ready), Math.floor(view.ready / 2)]
      const [stableSize, panicked] = [Math.max(down, Math.min(up, Math.ceil(stable / target))), Math.max(down, Math.min(up, Math.ceil(panic / target)))]
      if (panicked / Math.max(1, view.ready) >= 2) { if (view.now >= panicUntil) panicSize = view.instances; panicUntil = view.now + 60 }
      if (view.now >= panicUntil) return stableSize
      panicSize = Math.max(panicSize, panicked)
      return panicSize
    },
  }
}

export function originalSla({ service }: Scenario): Method {
  const memory = openMemory(600)
  let [next, quietUntil] = [0, 0]
  return {
    name: 'original SLA',
    tick(view) {
      memory.add(view)
      if (view.now < next) return view.instances
      next = view.now + 5
      if (view.now < quietUntil) return view.instances
      const seen = memory.last(view.now, 600).flatMap(({ meanMs, requests }) => meanMs === null ? [] : [{ meanMs, requests }])
      const requests = seen.reduce((sum, each) => sum + each.requests, 0)
      const response = requests > 0 ? seen.reduce((sum, each) => sum + each.meanMs * each.requests, 0) / requests : 0
      const by = response > service.sloMs ? 1 : response < 0.4 * service.sloMs ? -1 : 0
      if (by !== 0) quietUntil = view.now + 1200
      return view.instances + by
    },
  }
}
