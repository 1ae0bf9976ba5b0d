/** From signals to a wanted number of instances. */
import type { Autoscaler, AutoscalerSignal } from '@vamp/model/autoscaler'
import { evaluateSignal, leavesOf, parseSignal, type SignalExpression, type SignalLeaf, signalNature } from '@vamp/model/scaling-signal'
import { parseSlo } from '@vamp/model/slo'
import type { LoadHistory } from './load.ts'
import type { ScalerTick } from './service-scaler.ts'
import { openLatencyPromise } from './latency-promise.ts'
import { backlogRate, leadOf, type Look, needed, type Reading, ROOM, type SignalReader, STABLE_SECONDS, stableRate } from './need.ts'

export interface Signals { read(demand: LoadHistory, own: LoadHistory, look: Look): readonly Reading[] }

/** A level within this of its target is at its target. */
const TOLERANCE = 0.1
/** Levels do not grow in proportion; no step is larger than this factor. */
const LEVEL_FACTOR_MAX = 2
const STEP_AGAIN_SECONDS = 15
/** What agents tell of before their second is over. */
const SUDDEN_SECONDS = 0.25

export function openSignals({ signals, slo, behaviour }: Pick<Autoscaler, 'signals' | 'slo' | 'behaviour'>): Signals {
  const windows = windowsOf(behaviour.up.panic_window)
  const readers: SignalReader[] = signals.map(signal => readerOf(signal, windows))
  const promise = slo === undefined ? undefined : parseSlo(slo)
  if (slo !== undefined && promise) readers.push(promise.is === 'latency' ? openLatencyPromise(slo, promise, windows) : errorPromise(slo, promise.limit))
  return { read: (demand, own, look) => readers.map(reader => reader.read(demand, own, look)) }
}

/** Windows in which more may suddenly be seen to come, shortest first. */
function windowsOf(panic: number): readonly number[] {
  return [SUDDEN_SECONDS, 1, 2, 3, 6, 12, 20, STABLE_SECONDS].filter(seconds => seconds <= panic || seconds >= 12)
}

function readerOf(signal: AutoscalerSignal, windows: readonly number[]): SignalReader {
  const parsed = parseSignal(signal.metric)
  if (parsed.is === 'refused') return { read: () => ({ signal: signal.metric, value: null, unit: '', target: null, wanted: null, missing: 'it cannot be read' }) }
  const expression = parsed.value
  if (signal.steps) return stepReader(signal, expression)
  const target = signal.target ?? 1
  return signalNature(expression) === 'level' ? levelReader(signal.metric, expression, target) : sumReader(signal.metric, expression, target, windows)
}

/** Each instance takes its part of a sum. */
function sumReader(signal: string, expression: SignalExpression, target: number, windows: readonly number[]): SignalReader {
  const room = leavesOf(expression).some(({ is }) => is === 'requests' || is === 'concurrency') ? ROOM : 1
  return {
    read(demand, _, tick) {
      const at = (seconds: number, bound: 'rate' | 'least') => evaluateSignal(expression, leaf => valueFor(leaf, demand, tick, seconds, bound))
      const long = at(STABLE_SECONDS, 'rate')
      const unit = unitOf(expression)
      if (long === undefined) return { signal, value: null, unit, target, wanted: null, missing: missingOf(expression, demand, tick) }
      const foreseen = expression.is === 'requests' ? tick.foreseen?.upper : undefined
      const grown = needed({ least: seconds => at(seconds, 'least') ?? 0, rate: seconds => at(seconds, 'rate') ?? 0, stable: stableRate(seconds => ({ rate: at(seconds, 'rate') ?? 0, least: at(seconds, 'least') ?? 0 }), foreseen), perInstance: target, windows, instances: tick.instances, extra: expression.is === 'requests' ? backlogRate(demand) : 0, room, grown: expression.is === 'requests' ? ahead => demand.grown(ahead, tick.chance) : () => 0, lead: leadOf(tick) })
      return { signal, value: grown.value, unit, target, wanted: grown.wanted, ...(expression.is === 'requests' ? { perInstance: target } : {}), ...(foreseen === undefined ? {} : { foreseen }) }
    },
  }
}

/** More instances bring a level down, in proportion as far as is known. */
function levelReader(signal: string, expression: SignalExpression, target: number): SignalReader {
  return {
    read(demand, _, tick) {
      const unit = unitOf(expression)
      const value = evaluateSignal(expression, leaf => valueFor(leaf, demand, tick, STABLE_SECONDS / 2, 'rate'))
      if (value === undefined && quiet(demand, tick)) return { signal, value: null, unit, target, wanted: 0 }
      if (value === undefined) return { signal, value: null, unit, target, wanted: null, missing: missingOf(expression, demand, tick) }
      return { signal, value, unit, target, wanted: levelWanted(value / target, tick) }
    },
  }
}

function levelWanted(ratio: number, { instances, ready, starting }: ScalerTick): number {
  if (Math.abs(ratio - 1) <= TOLERANCE) return instances
  const wanted = Math.ceil(Math.max(1, ready) * Math.min(LEVEL_FACTOR_MAX, ratio) - 1e-9)
  // What was ordered is still to show its effect.
  return wanted > ready && starting > 0 ? Math.max(instances, Math.min(wanted, instances)) : wanted
}

function errorPromise(signal: string, limit: number): SignalReader {
  return {
    read(demand, _, { instances, starting, ready }) {
      const [value, requests] = [demand.errorRate(10), demand.requests(10)]
      const read = { signal, value: value ?? null, unit: '%', target: limit }
      if (value === undefined) return { ...read, wanted: 0 }
      const spread = 100 * Math.sqrt(Math.max(limit / 100, 0.001) / Math.max(1, requests))
      const broken = value - 2.5 * spread > limit
      // Errors tell when instances are too few, never that they are too many.
      return { ...read, wanted: broken && starting === 0 ? Math.ceil(Math.max(1, ready) * 1.25) : instances }
    },
  }
}

/** `+2 above 1000`: a step, then a look at what it changed. */
function stepReader({ metric, steps = [] }: AutoscalerSignal, expression: SignalExpression): SignalReader {
  let [steppedMs, size] = [Number.NEGATIVE_INFINITY, -1]
  return {
    read(demand, _, tick) {
      const unit = unitOf(expression)
      const value = evaluateSignal(expression, leaf => valueFor(leaf, demand, tick, 6, 'rate'))
      if (value === undefined) return { signal: metric, value: null, unit, target: null, wanted: null, missing: missingOf(expression, demand, tick) }
      if (tick.instances !== size) { steppedMs = size < 0 ? steppedMs : tick.nowMs; size = tick.instances }
      const due = steps.filter(({ above, below }) => (above !== undefined && value > above) || (below !== undefined && value < below))
      const change = due.reduce((most, step) => step.change > 0 ? Math.max(most, step.change) : most > 0 ? most : Math.min(most, step.change), 0)
      const rests = tick.starting > 0 || tick.nowMs - steppedMs < STEP_AGAIN_SECONDS * 1000
      return { signal: metric, value, unit, target: null, wanted: Math.max(0, tick.instances + (rests ? 0 : change)) }
    },
  }
}

function valueFor(leaf: SignalLeaf, history: LoadHistory, tick: Look, seconds: number, bound: 'rate' | 'least'): number | undefined {
  switch (leaf.is) {
    case 'requests': return history.rate(seconds, tick.chance)[bound]
    case 'concurrency': return atLeast(history.concurrency(seconds, tick.nowMs), bound)
    case 'latency': return history.latency(seconds, leaf.percent)
    case 'error_rate': return history.errorRate(seconds) ?? (quiet(history, tick) ? 0 : undefined)
    case 'queue': return tick.gauge(leaf) ?? tick.held
    default: return tick.gauge(leaf)
  }
}

/** Numbers in flight scatter as counts do. */
const atLeast = (value: number, bound: 'rate' | 'least') => bound === 'rate' ? value : Math.max(0, value - Math.sqrt(value))

/** It is known that nobody came. */
function quiet(history: LoadHistory, { lagSeconds }: ScalerTick): boolean {
  return lagSeconds < STABLE_SECONDS && history.last !== undefined && history.requests(STABLE_SECONDS / 2) === 0
}

function missingOf(expression: SignalExpression, history: LoadHistory, tick: Look): string {
  return evaluateSignal(expression, leaf => valueFor(leaf, history, tick, STABLE_SECONDS, 'rate')) === undefined ? 'there is no value of it' : ''
}

function unitOf(expression: SignalExpression): string {
  switch (expression.is) {
    case 'requests': return 'requests/s'
    case 'concurrency': return 'in flight'
    case 'queue': return 'waiting'
    case 'latency': return 'ms'
    case 'cpu': case 'memory': case 'error_rate': return '%'
    case 'count': return 'events/s'
    default: return ''
  }
}
