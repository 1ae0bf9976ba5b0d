/** What the judge costs per second of data. */
import { performance } from 'node:perf_hooks'
import { advance, decide, newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import { DEFAULT_SETTINGS } from '@vamp/stats/sequential/settings'
import { Simulation } from './world.ts'

export interface Speed { readonly rps: number; readonly advance_us: number; readonly decide_us: number; readonly state_bytes: number }

const SECONDS = 600
const WARM_UP = 100
const HISTORY = 120

/** Medians, at a quarter of the traffic. */
export function measureSpeed(rps: number, seed: number): Speed {
  const simulation = new Simulation({ rps, errors: 0.001, latency: { median: 100, sigma: 0.6 }, noise: {}, fault: {}, instances: 8 }, seed)
  let state = newJudge(DEFAULT_SETTINGS)
  for (let second = 0; second < HISTORY; second++) state = observeBaseline(state, { second, ...simulation.step(0).baseline })
  const taken = { advance: [] as number[], decide: [] as number[] }
  for (let at = 0; at < SECONDS; at++) {
    const { baseline, canary } = simulation.step(0.25)
    const began = performance.now()
    state = advance(state, { second: HISTORY + at, share: 0.25, baseline, canary, age: 100 + at })
    const advanced = performance.now()
    decide(state, { elapsed: at, atLoadCheck: 0 })
    const decided = performance.now()
    if (at < WARM_UP) continue
    taken.advance.push((advanced - began) * 1000)
    taken.decide.push((decided - advanced) * 1000)
  }
  return { rps, advance_us: median(taken.advance), decide_us: median(taken.decide), state_bytes: JSON.stringify(state).length }
}

function median(values: readonly number[]): number {
  return Math.round(([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) * 10) / 10
}
