/** Checks of what is shown and probed besides the verdict: how often an interval ever misses, what a switchback probe finds. */
import { logMoment } from '@vamp/stats/sequential/hypergeometric'
import { oddsInterval } from '@vamp/stats/sequential/interval'
import { advance, newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import { DEFAULT_SETTINGS } from '@vamp/stats/sequential/settings'
import { newSwitchback, observeSwitchback, SWITCHBACK, switchbackFinding } from '@vamp/stats/sequential/switchback'
import { seeded } from './random.ts'
import { seedOf } from './rows.ts'
import { BAD, GOOD } from './scenarios.ts'
import { Simulation, type World } from './world.ts'

export interface Coverage {
  readonly world: string
  readonly runs: number
  /** Share of runs in which the 95 % interval excluded the true odds ratio at any second. */
  readonly ever_missed: number
  readonly interval: Readonly<Record<'s60' | 's300' | 's900', readonly [low: number, high: number]>>
}

const HISTORY = 300
const SECONDS = 900

export function measureCoverage(runs: number, seed: number): Coverage[] {
  const worlds: readonly (readonly [string, number])[] = [['A/A drift and bursts', 1], ['A/A noisy instances', 1], ['errors 1 → 2 %', (0.02 / 0.98) / (0.01 / 0.99)]]
  return worlds.flatMap(([name, truth]) => {
    const world = [...GOOD, ...BAD].find(scenario => scenario.name === name)?.world(100)
    return world ? [coverageOf(name, world, truth, runs, seed)] : []
  })
}

function coverageOf(name: string, world: World, truth: number, runs: number, seed: number): Coverage {
  let missed = 0
  const seen = { s60: [] as (readonly [number, number])[], s300: [] as (readonly [number, number])[], s900: [] as (readonly [number, number])[] }
  for (let run = 0; run < runs; run++) {
    const simulation = new Simulation(world, seedOf(seed, name, 100, run))
    let state = newJudge(DEFAULT_SETTINGS)
    for (let second = 0; second < HISTORY; second++) state = observeBaseline(state, { second, ...simulation.step(0).baseline })
    let excluded = false
    for (let at = 1; at <= SECONDS; at++) {
      state = advance(state, { second: HISTORY + at, share: 0.25, age: at, ...simulation.step(0.25) })
      const errors = state.intervals[0]
      if (!errors) continue
      const { low, high } = oddsInterval(errors, 0.95)
      excluded ||= (low ?? 0) > truth || (high ?? Number.POSITIVE_INFINITY) < truth
      if (at === 60 || at === 300 || at === 900) seen[`s${at}`].push([low ?? 0, high ?? Number.POSITIVE_INFINITY])
    }
    if (excluded) missed += 1
  }
  return { world: name, runs, ever_missed: missed / runs, interval: { s60: medians(seen.s60), s300: medians(seen.s300), s900: medians(seen.s900) } }
}

function medians(intervals: readonly (readonly [number, number])[]): readonly [number, number] {
  const middle = (values: readonly number[]) => Number(([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(2))
  return [middle(intervals.map(([low]) => low)), middle(intervals.map(([, high]) => high))]
}

export interface Probed { readonly world: string; readonly shared_harm: number; readonly runs: number; readonly found: number; readonly seconds_p50: number | null }

/** The new version has a tenth of the traffic while it is on, and then this share of all requests fails besides. */
export function measureSwitchback(runs: number, seed: number): Probed[] {
  return ['A/A steady', 'A/A drift and bursts', 'A/A clustered errors'].flatMap(name => [0, 0.005, 0.02].flatMap(harm => {
    const world = GOOD.find(scenario => scenario.name === name)?.world(100)
    if (!world) return []
    const seconds = Array.from({ length: runs }, (_, run) => probe(world, harm, seedOf(seed, name, 100, run)))
    const found = seconds.filter(Number.isFinite)
    const middle = [...seconds].sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.POSITIVE_INFINITY
    return [{ world: name, shared_harm: harm, runs, found: found.length / runs, seconds_p50: Number.isFinite(middle) ? middle : null }]
  }))
}

function probe(world: World, harm: number, seed: number): number {
  const simulation = new Simulation(world, seed)
  const random = seeded(seed ^ 0x5eed)
  let state = newSwitchback(random.next())
  for (let second = 0; ; second++) {
    const finding = switchbackFinding(state, SWITCHBACK)
    if (finding.is !== 'open') return finding.is === 'harmful' ? second : Number.POSITIVE_INFINITY
    const { baseline, canary } = simulation.step(finding.on ? 0.1 : 0)
    const requests = baseline.requests + canary.requests
    const added = finding.on ? random.binomial(requests, harm) : 0
    state = observeSwitchback(state, SWITCHBACK, requests, baseline.errors + canary.errors + added, random.next())
  }
}

export interface Oracle { readonly world: string; readonly rps: number; readonly oracle: string; readonly runs: number; readonly seconds_p50: number; readonly seconds_p95: number }

/** What an oracle may do. It compares both versions within a second, unless it knows the old version's level. */
interface Powers {
  readonly name: string
  /** At each second from the first on. */
  readonly share: (second: number) => number
  /** The part of its capital that bets on errors from the start. */
  readonly capital: number
  readonly knowsLevel?: boolean
}

const warmUp = (second: number) => Math.min(DEFAULT_SETTINGS.shares.warmUp, 0.02 * DEFAULT_SETTINGS.growth ** second)
const { shares: { test, loadCheck }, clock } = DEFAULT_SETTINGS

const ORACLES: readonly Powers[] = [
  { name: '25 %', share: () => test, capital: 1 },
  { name: '50 %', share: () => loadCheck, capital: 1 },
  { name: '50 % after the warm-up', share: second => second <= clock.warmUp ? warmUp(second) : loadCheck, capital: 1 },
  { name: 'the ramp without a budget', share: second => second <= clock.warmUp ? warmUp(second) : second <= clock.minimum - clock.loadCheck ? test : loadCheck, capital: 1 },
  { name: 'the same, with the capital as it is divided', share: second => second <= clock.warmUp ? warmUp(second) : second <= clock.minimum - clock.loadCheck ? test : loadCheck, capital: 0.3 },
  { name: '25 %, knowing the level', share: () => test, capital: 1, knowsLevel: true },
]

/**
 * How soon anybody could find it at one risk in a hundred: the likelihood ratio of the true odds against none, without a margin.
 * No judge knows the odds beforehand, and none the old version's level, which drifts.
 */
export function measureOracle(runs: number, seed: number): Oracle[] {
  return ['errors 0.1 → 1 %', 'errors 0.2 → 1 %, clustered, by session'].flatMap(name => ORACLES.flatMap(powers => {
    const world = BAD.find(scenario => scenario.name === name)?.world(100)
    if (!world) return []
    const seconds = Array.from({ length: runs }, (_, run) => found(world, powers, seedOf(seed, name, 100, run))).sort((a, b) => a - b)
    const at = (rank: number) => seconds[Math.floor(rank * runs)] ?? Number.POSITIVE_INFINITY
    return [{ world: name, rps: 100, oracle: powers.name, runs, seconds_p50: at(0.5), seconds_p95: at(0.95) }]
  }))
}

function found(world: World, { share, capital, knowsLevel }: Powers, seed: number): number {
  const simulation = new Simulation(world, seed)
  const size = world.noise.clusters ?? 1
  const [healthy, faulty] = [world.errors / size, (world.fault.errors ?? 0) / size]
  const passing = Math.log1p(-faulty) - Math.log1p(-healthy)
  const failing = Math.log(faulty / healthy)
  let log = 0
  for (let second = 1; ; second++) {
    const { baseline, canary } = simulation.step(share(second))
    const [old, fresh] = [baseline, canary].map(arm => world.sessions ? arm.sessions : { seen: arm.requests, failed: arm.errors })
    if (!old || !fresh) continue
    if (knowsLevel) log += fresh.failed * failing + (fresh.seen - fresh.failed) * passing
    else log += (failing - passing) * fresh.failed - logMoment(old.seen, fresh.seen, old.failed + fresh.failed, failing - passing)
    if (log >= Math.log(100 / capital)) return second
  }
}
