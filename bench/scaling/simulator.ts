/**
 * A service in simulated time, request by request: Poisson visitors, instances that work on a few requests at a time and queue
 * the rest, round robin in front of them. Instances take their time to start and finish what they have begun before they go.
 */
import { Sketch, type SketchData } from '../../stats/src/sketch.ts'

export interface Service {
  /** Requests that an instance works on at the same time. */
  readonly servers: number
  /** Mean milliseconds of work on a request; the spread is lognormal, σ = 0.35. */
  readonly serviceMs: number
  /** From order to ready. */
  readonly startUpSeconds: number
  readonly sloMs: number
}

export interface Scenario {
  readonly name: string
  readonly seconds: number
  /** Visitors per second. */
  readonly rate: (second: number) => number
  /** Where the demand first changes suddenly, if it does. */
  readonly stepAt?: number
  /** Work on a request, as a multiple of what it is at the beginning. */
  readonly slowdown?: (second: number) => number
  /** No measurement reaches anybody. */
  readonly blind?: (second: number) => boolean
  readonly service: Service
  readonly minimum: number
  readonly maximum: number
  /** Seconds at the beginning that are not counted: methods find their feet. */
  readonly warmUp: number
}

/** What a method may see at a tick. */
export interface View {
  /** Seconds since the beginning, with a fraction. */
  readonly now: number
  /** The newest complete second; nothing where measurements are lost. */
  readonly second?: { readonly at: number; readonly requests: number; readonly latency: SketchData }
  readonly inFlight?: number
  /** Mean share of the ready instances' workers that are busy, over the last second. */
  readonly busy?: number
  readonly instances: number
  readonly ready: number
  readonly starting: number
  readonly leaving: number
}

export interface Method {
  readonly name: string
  /** The size it orders; the present one if it orders nothing. */
  tick(view: View): number
}

export interface Outcome {
  readonly requests: number
  readonly misses: number
  /** Of those, where the work alone took longer: no size changes that. */
  readonly unavoidable: number
  readonly instanceSeconds: number
  /** From the step to the first order of more, and until as many serve as the load needs; null where there is no step or it never comes. */
  readonly decisionSeconds: number | null
  readonly servingSeconds: number | null
  /** Changes of direction of the ordered size. */
  readonly oscillations: number
}

interface Instance { readonly free: Float64Array; readyAt: number; leaving: boolean; goneAt: number }

/** Visitors who would wait longer are turned away. */
const WAIT_MAX_SECONDS = 10
/** After the end of each second its measurements are there. */
const LATENESS = 0.25

export function simulate(scenario: Scenario, method: Method, random: () => number): Outcome {
  const { service, seconds, warmUp } = scenario
  const world = openWorld(scenario, random)
  let [requests, misses, unavoidable, instanceSeconds, oscillations, direction] = [0, 0, 0, 0, 0, 0]
  let decided: number | null = null
  let serving: number | null = null
  world.resize(scenario.minimum, 0)
  for (const instance of world.instances) instance.readyAt = 0
  for (let second = 0; second < seconds; second++) {
    const lived = world.live(second)
    if (second >= warmUp) { requests += lived.requests; misses += lived.misses; unavoidable += lived.unavoidable; instanceSeconds += lived.instanceSeconds }
    const now = second + 1 + LATENESS
    const view = world.view(now, second)
    const ordered = Math.max(scenario.minimum, Math.min(scenario.maximum, method.tick(scenario.blind?.(second) ? blinded(view) : view)))
    if (ordered !== view.instances) {
      const turn = Math.sign(ordered - view.instances)
      if (direction !== 0 && turn !== direction && second >= warmUp) oscillations++
      direction = turn
      if (scenario.stepAt !== undefined && decided === null && ordered > view.instances && now > scenario.stepAt) decided = now - scenario.stepAt
      world.resize(ordered, now)
    }
    if (scenario.stepAt !== undefined && serving === null && second > scenario.stepAt && view.ready * service.servers * 1000 / service.serviceMs >= scenario.rate(second)) serving = now - scenario.stepAt
  }
  return { requests, misses, unavoidable, instanceSeconds, decisionSeconds: decided, servingSeconds: serving, oscillations }
}

function blinded({ second: _second, inFlight: _inFlight, busy: _busy, ...rest }: View): View {
  return rest
}

function openWorld(scenario: Scenario, random: () => number) {
  const { service, rate, slowdown = () => 1 } = scenario
  const { servers, serviceMs, startUpSeconds, sloMs } = service
  let instances: Instance[] = []
  /** Ends of requests, by second. */
  const ended = new Map<number, Sketch>()
  const busy = new Map<number, number>()
  let inFlightUntil: number[] = []
  let turn = 0
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

  /** Those that take requests until the next of them is ready. */
  let ready: readonly Instance[] = []
  let changesAt = 0
  const look = (at: number) => {
    ready = instances.filter(instance => !instance.leaving && instance.readyAt <= at)
    changesAt = Math.min(...instances.flatMap(({ leaving, readyAt }) => !leaving && readyAt > at ? [readyAt] : []), Number.POSITIVE_INFINITY)
  }
  const serve = (at: number): { end: number; work: number } | undefined => {
    if (at >= changesAt) look(at)
    const instance = ready[turn++ % Math.max(1, ready.length)]
    if (!instance) return undefined
    let worker = 0
    for (let n = 1; n < servers; n++) if ((instance.free[n] ?? 0) < (instance.free[worker] ?? 0)) worker = n
    const start = Math.max(at, instance.free[worker] ?? 0)
    if (start - at > WAIT_MAX_SECONDS) return undefined
    const work = serviceMs / 1000 * slowdown(at) * Math.exp(0.35 * normal() - 0.06125)
    const end = start + work
    instance.free[worker] = end
    for (let from = start; from < end;) { const slot = Math.floor(from); const to = Math.min(end, slot + 1); busy.set(slot, (busy.get(slot) ?? 0) + to - from); from = to }
    return { end, work }
  }

  return {
    get instances() { return instances },
    live(second: number): { requests: number; misses: number; unavoidable: number; instanceSeconds: number } {
      let [requests, misses, unavoidable] = [0, 0, 0]
      const wait = (at: number) => -Math.log(1 - random()) / Math.max(rate(at), 1e-9)
      for (let at = second + wait(second); at < second + 1; at += wait(at)) {
        requests++
        const served = serve(at)
        const end = served?.end
        if (served && served.work * 1000 > sloMs) unavoidable++
        const latency = end === undefined ? 0 : (end - at) * 1000
        if (end === undefined || latency > sloMs) misses++
        const slot = Math.floor(end ?? at)
        const sketch = ended.get(slot) ?? new Sketch()
        if (!ended.has(slot)) ended.set(slot, sketch)
        sketch.record(end === undefined ? WAIT_MAX_SECONDS * 1000 : latency)
        if (end !== undefined) inFlightUntil.push(end)
      }
      instances = instances.filter(instance => !instance.leaving || instance.goneAt > second)
      const instanceSeconds = instances.length
      return { requests, misses, unavoidable, instanceSeconds }
    },
    view(now: number, second: number): View {
      inFlightUntil = inFlightUntil.filter(end => end > now - LATENESS)
      const sketch = ended.get(second)
      const ordered = instances.filter(({ leaving }) => !leaving)
      const ready = ordered.filter(({ readyAt }) => readyAt <= now).length
      const view = {
        now, second: { at: second, requests: sketch?.count ?? 0, latency: sketch?.toData() ?? [] }, inFlight: inFlightUntil.length,
        busy: (busy.get(second) ?? 0) / Math.max(1, ready * servers), instances: ordered.length, ready, starting: ordered.length - ready, leaving: instances.length - ordered.length,
      }
      ended.delete(second)
      busy.delete(second)
      return view
    },
    resize(size: number, now: number): void {
      const ordered = instances.filter(({ leaving }) => !leaving)
      for (let n = ordered.length; n < size; n++) instances.push({ free: new Float64Array(servers), readyAt: now + startUpSeconds, leaving: false, goneAt: Number.POSITIVE_INFINITY })
      changesAt = 0
      // The youngest go first; they finish what they have.
      for (const instance of ordered.slice(size)) { instance.leaving = true; instance.goneAt = Math.max(now, ...instance.free) }
    },
  }
}
