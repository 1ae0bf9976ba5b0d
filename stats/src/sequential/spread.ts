/**
 * Stalls: an instance stands still for a fraction of a second, because its machine starves it or it collects garbage, and every
 * request that came meanwhile is slow. These are not so many pieces of evidence, but one. So the slow requests of every second and
 * instance are counted by themselves, and how much these counts differ, beyond chance, within ten seconds is how many come at a time.
 *
 * Both versions' stalls count. The new version's would weaken the evidence against it only if they came together: slow requests
 * that come one by one, however many they are, spread as chance has it.
 */
import type { ArmSecond } from './arm-second.ts'
import { beyondChance } from './beyond-chance.ts'
import { type Exceedances, exceedances } from './stratum.ts'

const BLOCK_SECONDS = 10

/** Per latency of the harm metrics. Of a block: units, events, Σ events²/units and the number of cells; and what ended blocks gave. */
export interface SpreadState {
  /** The same of the block that ended last. */
  readonly lastSquares: number[]
  readonly lastFreedom: number[]
  block: number | null
  cells: number[]
  units: number[]
  events: number[]
  perUnit: number[]
  readonly squares: number[]
  readonly freedom: number[]
}

export function newSpread(latencies: number): SpreadState {
  const zeros = () => Array.from({ length: latencies }, () => 0)
  return { block: null, cells: zeros(), units: zeros(), events: zeros(), perUnit: zeros(), squares: zeros(), freedom: zeros(), lastSquares: zeros(), lastFreedom: zeros() }
}

/** To be called before a second is counted: a block that ended is summed up. */
export function turnSpread(state: SpreadState, second: number): void {
  const block = Math.floor(second / BLOCK_SECONDS)
  if (state.block === block) return
  for (const at of state.cells.keys()) close(state, at)
  state.block = block
}

/** The slow requests of a second, instance by instance; all together where no instance is known. `slow`: the buckets above which one of this version is slow. */
export function slowByInstance(arm: ArmSecond, slow: readonly (number | null)[]): Exceedances[] {
  return (arm.instances.length > 0 ? arm.instances : [arm]).map(({ latency }) => exceedances(latency, slow))
}

export function learnSpread(state: SpreadState, counted: readonly Exceedances[]): void {
  for (const { total, above } of counted) {
    if (total === 0) continue
    for (const [at, events] of above.entries()) {
      if (events === null) continue
      state.cells[at] = (state.cells[at] ?? 0) + 1
      state.units[at] = (state.units[at] ?? 0) + total
      state.events[at] = (state.events[at] ?? 0) + events
      state.perUnit[at] = (state.perUnit[at] ?? 0) + events * events / total
    }
  }
}

/** How many slow requests come at a time, 1 or more: in the long run or of late, whichever is more. */
export function spreadNoise(state: SpreadState, latency: number): number {
  const now = squaresOf(state, latency)
  const all = beyondChance((state.squares[latency] ?? 0) + now.squares, (state.freedom[latency] ?? 0) + now.freedom)
  const late = beyondChance((state.lastSquares[latency] ?? 0) + now.squares, (state.lastFreedom[latency] ?? 0) + now.freedom)
  return Math.max(1, all, late)
}

function close(state: SpreadState, at: number): void {
  const { squares, freedom } = squaresOf(state, at)
  state.squares[at] = (state.squares[at] ?? 0) + squares
  state.freedom[at] = (state.freedom[at] ?? 0) + freedom
  state.lastSquares[at] = squares
  state.lastFreedom[at] = freedom
  state.cells[at] = state.units[at] = state.events[at] = state.perUnit[at] = 0
}

/** Pearson's X² of the cells of the block under way, with its mean at exactly the degrees of freedom. */
function squaresOf(state: SpreadState, at: number): { squares: number; freedom: number } {
  const [cells = 0, units = 0, events = 0, perUnit = 0] = [state.cells[at], state.units[at], state.events[at], state.perUnit[at]]
  if (cells < 2 || events === 0 || events === units) return { squares: 0, freedom: 0 }
  const rate = events / units
  return { squares: (perUnit - rate * events) / (rate * (1 - rate)) * (units - 1) / units, freedom: cells - 1 }
}
