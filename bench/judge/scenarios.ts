/** The worlds that judges are compared on. */
import type { Fault, Noise, World } from './world.ts'

export interface Scenario {
  readonly name: string
  readonly world: (rps: number) => World
  /** The bill is in requests that were served slowly, not in failures. */
  readonly latencyFault?: boolean
  /** Worse, but within what a promotion tolerates: letting it pass is no escape. */
  readonly tolerable?: boolean
}

const LATENCY = { median: 100, sigma: 0.6 }
const BIMODAL = { median: 20, sigma: 0.6, slowShare: 0.2, slowMedian: 200 }

const DRIFT: Noise = {
  wave: { period: 3600, traffic: 0.5, errors: 2, latency: 0.25 },
  wander: { sigma: 0.1, seconds: 30 },
  bursts: { every: 600, from: 10, to: 60, errorsFrom: 0.03, errorsTo: 0.1, latencyTimes: 1.5 },
}
const INSTANCES: Noise = { instances: { errors: 0.3, latency: 0.05, seconds: 20, stallEvery: 60, stallMs: 500 } }

function scenario(name: string, options: Partial<Omit<World, 'rps'>>, kind: Omit<Scenario, 'name' | 'world'> = {}): Scenario {
  return { name, ...kind, world: rps => ({ rps, errors: 0.001, latency: LATENCY, noise: {}, fault: {}, instances: 8, ...options }) }
}

export const GOOD: readonly Scenario[] = [
  scenario('A/A steady', {}),
  scenario('A/A 1 % errors', { errors: 0.01 }),
  scenario('A/A drift and bursts', { noise: DRIFT }),
  scenario('A/A clustered errors', { noise: { clusters: 5 } }),
  scenario('A/A clustered errors, by session', { noise: { clusters: 5 }, sessions: true }),
  scenario('A/A noisy instances', { noise: INSTANCES }),
  scenario('A/A cold start', { noise: { cold: { times: 2, seconds: 10 } } }),
  scenario('A/A bimodal and drift', { latency: BIMODAL, noise: DRIFT }),
]

const slow = { latencyFault: true }
const P99_DOUBLED = LATENCY.sigma + Math.LN2 / 2.3263478740408408

export const BAD: readonly Scenario[] = [
  scenario('errors 0.1 → 1 %', { fault: { errors: 0.01 } }),
  scenario('errors 0.1 → 5 %', { fault: { errors: 0.05 } }),
  scenario('errors 1 → 1.2 %', { errors: 0.01, fault: { errors: 0.012 } }, { tolerable: true }),
  scenario('errors 1 → 2 %', { errors: 0.01, fault: { errors: 0.02 } }),
  scenario('outage', { fault: { errors: 1 } }),
  scenario('latency +10 %', { fault: { latencyTimes: 1.1 } }, slow),
  scenario('p99 ×2, p50 same', { fault: { sigma: P99_DOUBLED } }, slow),
  scenario('bimodal: misses 20 → 30 %', { latency: BIMODAL, fault: { slowShare: 0.3 } }, slow),
  scenario('leak over 10 min', { fault: { errors: 0.05, latencyTimes: 1.5, growing: 600 } }),
  scenario('2 % errors after 10 min', { fault: { errors: 0.02, after: 600 } }),
  scenario('errors 0.2 → 1 %, clustered', { errors: 0.002, noise: { clusters: 5 }, fault: { errors: 0.01 } }),
  scenario('errors 0.2 → 1 %, clustered, by session', { errors: 0.002, noise: { clusters: 5 }, sessions: true, fault: { errors: 0.01 } }),
  scenario('errors 0.5 → 1.5 %, noisy instances', { errors: 0.005, noise: INSTANCES, fault: { errors: 0.015 } }),
]

/** Another noise world: without faults, and with each of the usual ones. */
export function scenariosOf(name: string, world: World): Scenario[] {
  const at = (fault: Fault) => (rps: number): World => ({ ...world, rps, fault })
  if (Object.keys(world.fault).length > 0) return [{ name: `${name}: healthy`, world: at({}) }, { name: `${name}: fault`, world: at(world.fault) }]
  return [
    { name: `${name}: healthy`, world: at({}) },
    { name: `${name}: errors +0.9 points`, world: at({ errors: world.errors + 0.009 }) },
    { name: `${name}: errors +5 points`, world: at({ errors: world.errors + 0.05 }) },
    { name: `${name}: outage`, world: at({ errors: 1 }) },
    { name: `${name}: latency +10 %`, world: at({ latencyTimes: 1.1 }), latencyFault: true },
    { name: `${name}: p99 ×2`, world: at({ sigma: world.latency.sigma + Math.LN2 / 2.3263478740408408 }), latencyFault: true },
  ]
}
