/**
 * How much more a version's outcomes vary than independent requests would: failures come in clusters, instances have bad
 * moments. Measured on the old version alone, so that a bad new version cannot hide behind its own noise, and on completed
 * blocks alone, so that the weight of a second never depends on that second.
 */
import type { ArmPart, ArmSecond } from './arm-second.ts'
import { beyondChance } from './beyond-chance.ts'
import type { JudgeSettings } from './settings.ts'
import { type Exceedances, exceedances } from './stratum.ts'

/** Noise within ten seconds, and within a minute: the second is larger when noise lasts. */
const BLOCK_SECONDS: readonly number[] = [10, 60]
/** No block says more than this per degree of freedom: one broken instance must not blind the judge for the whole release. */
const BLOCK_MAX = 100
/** From the growth between ten seconds and a minute to the long run. */
const LONG_RUN = 1 / 5
const GROUPS_MAX = 64

export interface DispersionState {
  /** One per division: by session hash, by instance. */
  readonly divisions: DivisionState[]
}

export interface DivisionState {
  /** One per block length. */
  readonly blocks: BlockState[]
}

export interface BlockState {
  number: number | null
  /** Per group: units and events per harm metric, and last of failed requests. */
  groups: { id: string; units: number[]; events: number[] }[]
  /** Per harm metric, and last of failed requests. */
  readonly squares: number[]
  readonly freedom: number[]
}

export function newDispersion(metrics: number): DispersionState {
  const zeros = () => Array.from({ length: metrics + 1 }, () => 0)
  const block = (): BlockState => ({ number: null, groups: [], squares: zeros(), freedom: zeros() })
  return { divisions: [0, 1].map(() => ({ blocks: BLOCK_SECONDS.map(block) })) }
}

/** To be called before a second is counted: blocks that ended are summed up. */
export function turnBlocks(state: DispersionState, second: number): void {
  for (const { blocks } of state.divisions)
    for (const [at, block] of blocks.entries()) {
      const number = Math.floor(second / (BLOCK_SECONDS[at] ?? 1))
      if (block.number === number) continue
      closeBlock(block)
      block.number = number
    }
}

/** `counted`: the slow requests of each instance, if they are known already. */
export function learnNoise(state: DispersionState, settings: JudgeSettings, slow: readonly (number | null)[], arm: ArmSecond, counted?: readonly Exceedances[]): void {
  const [byHash, byInstance] = state.divisions
  if (byHash) for (const [at, part] of arm.parts.entries()) addGroup(byHash, settings, exceedances(part.latency, slow), String(at), part)
  if (byInstance) for (const [at, instance] of arm.instances.entries()) if (instance.id !== '') addGroup(byInstance, settings, counted?.[at] ?? exceedances(instance.latency, slow), instance.id, instance)
}

/** φ ≥ 1 of a harm metric, or after the last one of failed requests: the larger of both divisions'. */
export function dispersion(state: DispersionState, metric: number): number {
  let most = 1
  for (const { blocks } of state.divisions) {
    const [short = 1, long = 1] = blocks.map(block => beyondChance(block.squares[metric] ?? 0, block.freedom[metric] ?? 0))
    most = Math.max(most, short, long + Math.max(0, long - short) * LONG_RUN)
  }
  return most
}

function addGroup(division: DivisionState, settings: JudgeSettings, counted: Exceedances, id: string, part: ArmPart): void {
  if (part.requests === 0) return
  const { metrics } = settings
  for (let length = 0; length < division.blocks.length; length++) {
    const block = division.blocks[length]
    if (!block) continue
    const { units, events } = groupOf(block, id, metrics.length + 1)
    const last = metrics.length
    units[last] = (units[last] ?? 0) + part.requests
    events[last] = (events[last] ?? 0) + part.errors
    let latency = 0
    for (let at = 0; at < metrics.length; at++) {
      const isErrors = metrics[at]?.is === 'errors'
      const found = isErrors ? part.sessions?.failed ?? part.errors : counted.above[latency++]
      if (typeof found !== 'number') continue
      units[at] = (units[at] ?? 0) + (isErrors ? part.sessions?.seen ?? part.requests : counted.total)
      events[at] = (events[at] ?? 0) + found
    }
  }
}

/** Groups beyond the bound share the last place. */
function groupOf(block: BlockState, id: string, metrics: number): BlockState['groups'][number] {
  const found = block.groups.find(group => group.id === id) ?? (block.groups.length >= GROUPS_MAX ? block.groups.at(-1) : undefined)
  if (found) return found
  const zeros = () => Array.from({ length: metrics }, () => 0)
  const group = { id, units: zeros(), events: zeros() }
  block.groups.push(group)
  return group
}

/**
 * Pearson's X² of the groups, corrected so that its mean is exactly its degrees of freedom at any count. An event by itself says nothing of how they
 * come together, but weighs more in a small group: what is linear in the events has mean zero and is left out, or few events would look like noise.
 */
function closeBlock(block: BlockState): void {
  for (const metric of block.squares.keys()) {
    const groups = block.groups.filter(({ units }) => (units[metric] ?? 0) > 0)
    const units = groups.reduce((sum, group) => sum + (group.units[metric] ?? 0), 0)
    const events = groups.reduce((sum, group) => sum + (group.events[metric] ?? 0), 0)
    if (groups.length < 2 || events === 0 || events === units) continue
    const rate = events / units
    const square = groups.reduce((sum, group) => {
      const n = group.units[metric] ?? 0
      const beyond = (group.events[metric] ?? 0) - n * rate
      return sum + (beyond ** 2 - (1 - 2 * rate) * beyond) / (n * rate * (1 - rate))
    }, 0) * (units - 1) / units
    const freedom = groups.length - 1
    block.squares[metric] = (block.squares[metric] ?? 0) + Math.min(square, BLOCK_MAX * freedom)
    block.freedom[metric] = (block.freedom[metric] ?? 0) + freedom
  }
  block.groups = []
}
