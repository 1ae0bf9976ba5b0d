/** From played releases to the rows of the table. */
import type { Scenario } from './scenarios.ts'
import type { Method } from './method.ts'
import { play, type Played } from './play.ts'

export interface Row {
  readonly scenario: string
  readonly rps: number
  readonly method: string
  readonly runs: number
  /** Share of good versions that were rolled back; null for bad ones. */
  readonly false_rollback: number | null
  /** Share of bad versions that were rolled back within the hour; null for good ones. */
  readonly detected: number | null
  /** To the rollback of bad versions, to the promotion of good ones; null: never. */
  readonly seconds_p50: number | null
  readonly seconds_p95: number | null
  /** Failures added within the hour; for latency faults requests served by the bad version. */
  readonly excess_p50: number | null
  /** Share of bad versions that were promoted and stayed; null for good ones. */
  readonly escaped: number | null
  readonly promoted: number
  readonly held: number
}

interface Runs { readonly first: number; readonly runs: number; readonly seed: number; readonly lag: number }

export function playRuns(scenario: Scenario, rps: number, method: Method, { first, runs, seed, lag }: Runs): Played[] {
  const world = scenario.world(rps)
  return Array.from({ length: runs }, (_, run) => play(method, world, seedOf(seed, scenario.name, rps, first + run), lag))
}

export function rowOf(scenario: Scenario, rps: number, method: string, played: readonly Played[]): Row {
  const good = Object.keys(scenario.world(rps).fault).length === 0
  const share = (verdict: Played['verdict']) => played.filter(one => one.verdict === verdict).length / played.length
  const seconds = played.map(one => one.verdict === (good ? 'promoted' : 'rolled_back') ? one.seconds : Number.POSITIVE_INFINITY)
  const bill = played.map(one => scenario.latencyFault ? one.exposed : one.excess)
  return {
    scenario: scenario.name, rps, method, runs: played.length,
    false_rollback: good ? share('rolled_back') : null,
    detected: good ? null : share('rolled_back'),
    seconds_p50: finite(percentile(seconds, 0.5)), seconds_p95: finite(percentile(seconds, 0.95)),
    excess_p50: good ? null : percentile(bill, 0.5),
    escaped: good ? null : share('promoted'),
    promoted: share('promoted'), held: share('held'),
  }
}

/** FNV-1a over what names a run: the same run sees the same world under every method. */
export function seedOf(seed: number, scenario: string, rps: number, run: number): number {
  let hash = 0x811c9dc5
  for (const character of `${seed}|${scenario}|${rps}|${run}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.POSITIVE_INFINITY
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
