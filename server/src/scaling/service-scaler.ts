/**
 * The size of one version, decided once a second from what was seen: signals say what is wanted, behaviour says how much of
 * that happens now. Knows no clock, no store and no traffic: a server feeds it, and so do a simulation and a replay.
 *
 * Up is a matter of evidence, not of a window: the size grows as soon as the least that a window of a quarter of a second, of one,
 * two, three … seconds proves is more than the present size takes. Down is a matter of patience: only what was enough for the whole stabilisation
 * time is given back, while nothing else is draining.
 */
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { ScalingLimit, ServiceScaling, SignalReading } from '@vamp/model/autoscaler-status'
import { leavesOf, parseSignal, type SignalLeaf } from '@vamp/model/scaling-signal'
import { type Forecast, openTrustedForecast } from '@vamp/stats/forecast/trusted'
import { type LoadHistory, type LoadSecond, openLoadHistory, type Sudden } from './load.ts'
import type { Bounds } from './schedule.ts'
import { scalingSentence } from './scaling-sentence.ts'
import { chanceOf, type Reading } from './need.ts'
import { openSignals } from './signal.ts'

export type Policy = Pick<Autoscaler, 'signals' | 'slo' | 'behaviour' | 'prediction'>

export interface ScalerTick {
  readonly nowMs: number
  /** Complete seconds of the version that were not given before. */
  readonly seconds: readonly LoadSecond[]
  /** What it must be able to take, where that is more than it has: during a release the old version is ready for everything. */
  readonly demand?: readonly LoadSecond[]
  /** Requests in flight on its instances; absent where nobody counts. */
  readonly inFlight?: number
  /** What came in the last part of a second, where it is clearly more than before. */
  readonly sudden?: Sudden
  /** Requests that wait at the gateway for a first instance. */
  readonly held: number
  /** As ordered. */
  readonly instances: number
  readonly ready: number
  readonly starting: number
  /** Draining or being stopped. */
  readonly leaving: number
  /** Values of signals that do not come from requests. */
  readonly gauge: (leaf: SignalLeaf) => number | undefined
  readonly bounds: Bounds
  /** How far behind the measurements are. */
  readonly lagSeconds: number
  /** Measured, from the order to ready. */
  readonly startUpSeconds?: number
  /** During a release: never fewer than these. */
  readonly floor?: number
}

export type Sized = Omit<ServiceScaling, 'service' | 'changed'>

export interface ServiceScaler {
  step(tick: ScalerTick): Sized
  /** A minute of the past, oldest first, for the forecast. */
  remember(requestsPerSecond: number): void
}

/** Later measurements than this are missing ones. */
const LAG_SECONDS_MAX = 5
/** What is given back at once, as a share of the size; one at least. */
const DOWN_SHARE = 0.2
/** What instances cost to start again decides how long it is waited before they are given up. */
const STABILISATION_PER_START_UP = 20
const FORESEEN_PER_START_UP = 1
const STABILISATION_MIN = 15
const STABILISATION_MAX = 300
const START_UP_ASSUMED = 1
const POINT_SECONDS = 60
const DAY = 1440
const MINUTES_AHEAD_MIN = 2
const MINUTES_AHEAD_MAX = 15
const VALUES_KEPT = 14 * DAY

export function openServiceScaler(policy: Policy): ServiceScaler {
  const history = openLoadHistory()
  const demand = openLoadHistory()
  const signals = openSignals(policy)
  const past = openPast(policy)
  const behaviour = openBehaviour(policy)
  const blind = !needsTraffic(policy)

  return {
    remember: past.remember,
    step(tick) {
      feed(history, tick, tick.seconds)
      feed(demand, tick, tick.demand ?? tick.seconds)
      demand.suddenly(tick.sudden)
      past.observe(tick)
      const forecast = past.forecast(tick.startUpSeconds)
      const foreseen = policy.prediction === 'auto' && forecast?.trusted ? forecast : undefined
      const chance = chanceOf((tick.startUpSeconds ?? START_UP_ASSUMED) + patienceOf(policy, tick, false))
      const readings = signals.read(demand, history, { ...tick, chance, ...(foreseen === undefined ? {} : { foreseen }) })
      const frozen = frozenBecause(tick, readings, blind)
      const wanted = wantedOf(readings, tick)
      const { granted, limits } = behaviour.grant({ wanted, patience: patienceOf(policy, tick, foreseen !== undefined) }, tick, frozen, blind || tick.lagSeconds <= LAG_SECONDS_MAX)
      const sized = {
        instances: tick.instances, ready: tick.ready, wanted, granted, ...tick.bounds, limits, signals: readings.map(told),
        ...(frozen === undefined ? {} : { frozen }),
        ...(forecast ? { forecast: { expected: round(forecast.expected), upper: round(forecast.upper), trusted: forecast.trusted, error: round(forecast.error), sentence: forecast.sentence } } : {}),
        ...(tick.startUpSeconds === undefined ? {} : { start_up: round(tick.startUpSeconds) }),
      }
      return { ...sized, sentence: scalingSentence(sized, readings) }
    },
  }
}

/** Seconds that something must have been enough before it is given up. Who knows what is to come waits only as long as it takes to get it back. */
function patienceOf(policy: Policy, { startUpSeconds = START_UP_ASSUMED }: ScalerTick, foreseen: boolean): number {
  const startUps = foreseen && !needsMore(policy) ? FORESEEN_PER_START_UP : STABILISATION_PER_START_UP
  return policy.behaviour.down.stabilisation ?? Math.min(STABILISATION_MAX, Math.max(STABILISATION_MIN, startUps * startUpSeconds))
}

function feed(history: LoadHistory, { nowMs, inFlight, held }: ScalerTick, seconds: readonly LoadSecond[]): void {
  history.add(seconds)
  if (inFlight !== undefined) history.look({ atMs: nowMs, count: inFlight + held })
}

/** Without measurements nothing is decided; without one of several signals nothing is given back. */
function frozenBecause({ lagSeconds }: ScalerTick, readings: readonly Reading[], blind: boolean): string | undefined {
  if (!blind && lagSeconds > LAG_SECONDS_MAX) return lagSeconds === Number.POSITIVE_INFINITY ? 'there are no measurements yet' : `no measurements for ${Math.floor(lagSeconds)} s`
  const missing = readings.find(({ missing }) => missing !== undefined)
  return missing && `${missing.signal}: ${missing.missing}`
}

/** Events, CPU and memory are known where no proxy measures anything. */
function needsTraffic({ signals, slo }: Policy): boolean {
  if (slo !== undefined) return true
  return signals.some(({ metric }) => { const parsed = parseSignal(metric); return parsed.is === 'ok' && leavesOf(parsed.value).some(({ is }) => TRAFFIC_SIGNALS.has(is)) })
}

/** A forecast of requests says nothing of other signals. */
const needsMore = ({ signals }: Policy) => signals.some(({ metric }) => metric !== 'requests')

const TRAFFIC_SIGNALS: ReadonlySet<SignalLeaf['is']> = new Set(['requests', 'concurrency', 'latency', 'error_rate'])

function wantedOf(readings: readonly Reading[], { instances, bounds, held }: ScalerTick): number {
  const known = readings.flatMap(({ wanted }) => wanted === null ? [] : [wanted])
  const reaction = known.length > 0 ? Math.max(...known) : readings.length === 0 ? bounds.minimum : instances
  const expected = Math.max(0, ...readings.flatMap(({ foreseen, perInstance }) => foreseen !== undefined && perInstance ? [Math.ceil(foreseen / perInstance)] : []))
  return Math.max(reaction, expected, held > 0 ? 1 : 0)
}

/** The requests a minute, minute by minute, and what they are expected to be when an instance ordered at the next look is ready. */
function openPast({ prediction }: Policy): { observe(tick: ScalerTick): void; remember(rate: number): void; forecast(startUpSeconds?: number): Forecast | undefined } {
  const values: number[] = []
  let [minute, requests, seconds] = [0, 0, 0]
  let ahead = MINUTES_AHEAD_MIN
  let forecasts = openForecast(ahead)
  let newest: Forecast | undefined
  const remember = (rate: number) => {
    if (prediction === 'off') return
    values.push(rate)
    if (values.length > VALUES_KEPT) values.shift()
    forecasts.observe(rate)
    newest = undefined
  }
  /** Who takes longer to start has to look farther ahead. */
  const lookAhead = (startUpSeconds: number) => {
    const wanted = Math.min(MINUTES_AHEAD_MAX, 1 + Math.ceil(startUpSeconds / POINT_SECONDS))
    if (wanted <= ahead) return
    ahead = wanted
    forecasts = openForecast(ahead)
    for (const value of values) forecasts.observe(value)
    newest = undefined
  }
  return {
    remember,
    observe(tick) {
      for (const second of tick.demand ?? tick.seconds) {
        const its = Math.floor(second.second / POINT_SECONDS)
        if (its > minute && seconds >= POINT_SECONDS / 2) remember(requests / seconds)
        if (its > minute) { minute = its; requests = 0; seconds = 0 }
        requests += second.requests
        seconds++
      }
    },
    forecast(startUpSeconds = 0) {
      if (prediction === 'off') return undefined
      lookAhead(startUpSeconds)
      newest ??= forecasts.forecast()
      return newest
    },
  }
}

const openForecast = (ahead: number) => openTrustedForecast({ ahead, seasons: [60, DAY, 7 * DAY] })

interface Behaviour { grant(asked: { readonly wanted: number; readonly patience: number }, tick: ScalerTick, frozen: string | undefined, mayGrow: boolean): { readonly granted: number; readonly limits: readonly ScalingLimit[] } }

function openBehaviour({ behaviour: { up, down } }: Policy): Behaviour {
  const wants: { atMs: number; wanted: number }[] = []
  let since: number | undefined
  let lastDownMs = Number.NEGATIVE_INFINITY

  /** The most that was wanted for as long as it takes to give something up; after a start the present size was wanted. */
  const stabilised = (wanted: number, seconds: number, tick: ScalerTick) => {
    since ??= tick.nowMs
    wants.push({ atMs: tick.nowMs, wanted })
    while ((wants[0]?.atMs ?? tick.nowMs) < tick.nowMs - seconds * 1000) wants.shift()
    const left = seconds - (tick.nowMs - since) / 1000
    const most = Math.max(left > 0 ? tick.instances : 0, ...wants.map(each => each.wanted))
    const last = wants.findLast(each => each.wanted >= most)
    return { most, seconds: Math.max(0, Math.ceil(last ? seconds - (tick.nowMs - last.atMs) / 1000 : left)) }
  }

  const shrink = (most: number, tick: ScalerTick): { granted: number; limits: ScalingLimit[] } => {
    const hold = (limit: ScalingLimit) => ({ granted: tick.instances, limits: [limit] })
    if (tick.leaving > 0) return hold({ is: 'draining' })
    if (tick.starting > 0) return hold({ is: 'starting' })
    const cooldown = down.cooldown - (tick.nowMs - lastDownMs) / 1000
    if (cooldown > 0) return hold({ is: 'cooldown', seconds: Math.ceil(cooldown) })
    lastDownMs = tick.nowMs
    return { granted: Math.max(most, tick.instances - Math.max(1, Math.floor(tick.instances * DOWN_SHARE))), limits: [] }
  }

  return {
    grant({ wanted, patience }, tick, frozen, mayGrow) {
      const { bounds: { minimum, maximum }, instances } = tick
      const floor = Math.min(maximum, Math.max(minimum, tick.floor ?? 0))
      const bounded = Math.min(maximum, Math.max(floor, wanted))
      const limits: ScalingLimit[] = wanted > maximum ? [{ is: 'maximum', value: maximum }] : wanted < minimum ? [{ is: 'minimum', value: minimum }] : wanted < floor ? [{ is: 'release' }] : []
      const { most, seconds } = stabilised(Math.max(floor, wanted), patience, tick)
      // Bounds are somebody's will and need no evidence.
      if (instances < floor || instances > maximum) return { granted: Math.min(maximum, Math.max(floor, frozen === undefined ? bounded : instances)), limits }
      if (bounded > instances) {
        if (!mayGrow) return { granted: instances, limits }
        const granted = up.max_step === undefined ? bounded : Math.min(bounded, instances + up.max_step)
        return { granted, limits: granted < bounded ? [...limits, { is: 'max_step', value: up.max_step ?? 0 }] : limits }
      }
      if (bounded === instances || frozen !== undefined) return { granted: instances, limits }
      if (most >= instances) return { granted: instances, limits: [...limits, { is: 'stabilisation', seconds }] }
      const shrunk = shrink(Math.max(floor, most), tick)
      return { granted: shrunk.granted, limits: [...limits, ...shrunk.limits] }
    },
  }
}

function told({ signal, value, unit, target, wanted }: Reading): SignalReading {
  return { signal, value: value === null ? null : round(value), unit, target: target === null ? null : round(target), wanted }
}

/** Three digits are what people read. */
const round = (value: number) => Number.isFinite(value) ? Number(value.toPrecision(value >= 100 ? Math.ceil(Math.log10(value + 1)) : 3)) : value
