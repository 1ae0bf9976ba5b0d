/** What the judge costs per second of data. */
import { performance } from 'node:perf_hooks'
import { advance, decide, newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import { DEFAULT_SETTINGS } from '@vamp/stats/sequential/settings'
import { Simulation } from './world.ts'

export interface Speed {
  readonly rps: number
  /** Taking a second in, and deciding on it: the median second, and the median of the best round. */
  readonly advance_us: number
  readonly advance_best_us: number
  readonly decide_us: number
  readonly decide_best_us: number
  /** What it takes, on the same machine in the same round, to write that second down as JSON: the judge's time is told as a share of it, too. */
  readonly json_us: number
  readonly advance_per_json: number
  readonly state_bytes: number
}

const ROUNDS = 10
const ROUND_SECONDS = 60
const WARM_UP = 100
const HISTORY = 120
/** Milliseconds of one second of data. */
interface Taken { readonly advance: number; readonly decide: number; readonly json: number }

/** At a quarter of the traffic. */
export function measureSpeed(rps: number, seed: number): Speed {
  const simulation = new Simulation({ rps, errors: 0.001, latency: { median: 100, sigma: 0.6 }, noise: {}, fault: {}, instances: 8 }, seed)
  let state = newJudge(DEFAULT_SETTINGS)
  for (let second = 0; second < HISTORY; second++) state = observeBaseline(state, { second, ...simulation.step(0).baseline })
  let at = 0
  const step = (): Taken => {
    const second = { second: HISTORY + at, share: 0.25, ...simulation.step(0.25), age: 100 + at }
    const began = performance.now()
    state = advance(state, second)
    const advanced = performance.now()
    decide(state, { elapsed: at, atLoadCheck: 0 })
    const decided = performance.now()
    JSON.stringify(second)
    at += 1
    return { advance: advanced - began, decide: decided - advanced, json: performance.now() - decided }
  }
  for (let second = 0; second < WARM_UP; second++) step()
  const rounds = Array.from({ length: ROUNDS }, () => Array.from({ length: ROUND_SECONDS }, step))
  const typical = (of: keyof Taken) => microseconds(median(rounds.flat().map(taken => taken[of])))
  const best = (of: keyof Taken) => microseconds(Math.min(...rounds.map(round => median(round.map(taken => taken[of])))))
  return {
    rps, advance_us: typical('advance'), advance_best_us: best('advance'), decide_us: typical('decide'), decide_best_us: best('decide'),
    json_us: typical('json'), advance_per_json: Math.round(100 * median(rounds.flat().map(({ advance, json }) => advance / json))) / 100, state_bytes: JSON.stringify(state).length,
  }
}

const microseconds = (milliseconds: number) => Math.round(milliseconds * 10_000) / 10

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
