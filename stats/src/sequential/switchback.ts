/**
 * Does the new version hurt the whole service — both versions at once, through what they share? No comparison within a second can
 * tell. So its traffic is switched on and off in pairs of blocks, and a coin decides which block of a pair is the one with
 * traffic. If it does no harm, the coin alone decides in which of the two the service fares worse: whatever drifts or bursts there
 * are, each pair is a fair bet. Nothing else is assumed.
 */
import { expBounded, logMean } from './log-sum.ts'

export interface SwitchbackSettings {
  /** Seconds of a block; what was begun in one should mostly end in it. */
  readonly block: number
  /** The first seconds of a block still carry requests of the one before. */
  readonly settling: number
  /** No pair more than these; harmless if not proven by then. */
  readonly pairs: number
  readonly confidence: number
}

export const SWITCHBACK: SwitchbackSettings = { block: 10, settling: 2, pairs: 20, confidence: 0.99 }

export interface SwitchbackState {
  /** Per finished pair: by how many standard errors the service was worse with the new version's traffic. */
  readonly scores: number[]
  /** Whether the first block of the pair under way is the one with traffic. */
  firstOn: boolean
  on: { units: number; events: number }
  off: { units: number; events: number }
  /** Seconds into the pair. */
  seconds: number
}

export type SwitchbackFinding =
  | { readonly is: 'open'; readonly on: boolean; readonly evidence: number }
  | { readonly is: 'harmful'; readonly evidence: number; readonly sentence: string }
  | { readonly is: 'not shown'; readonly evidence: number }

/** Standard errors at which a bet is as good as certain of its side; several, as the size of the harm is not known. */
const SCALES: readonly number[] = [0.5, 1, 2, 4]

/** `coin` in [0, 1): drawn anew for every pair. */
export function newSwitchback(coin: number): SwitchbackState {
  return { scores: [], firstOn: coin < 0.5, on: { units: 0, events: 0 }, off: { units: 0, events: 0 }, seconds: 0 }
}

/** Takes in a second of the whole service, both versions together. Reuses the given state. */
export function observeSwitchback(state: SwitchbackState, settings: SwitchbackSettings, requests: number, bad: number, coin: number): SwitchbackState {
  if (state.seconds % settings.block >= settings.settling) {
    const side = isOn(state, settings) ? state.on : state.off
    side.units += requests
    side.events += bad
  }
  state.seconds += 1
  if (state.seconds < 2 * settings.block) return state
  return { ...newSwitchback(coin), scores: [...state.scores, score(state)] }
}

export function switchbackFinding(state: SwitchbackState, settings: SwitchbackSettings): SwitchbackFinding {
  const evidence = switchbackEvidence(state.scores)
  if (evidence >= 1 / (1 - settings.confidence) - 1e-9) {
    const worse = state.scores.filter(value => value > 0).length
    return { is: 'harmful', evidence, sentence: `The new version hurts the whole service: in ${worse} of ${state.scores.length} pairs of blocks more requests went wrong, on both versions, while it had traffic.` }
  }
  return state.scores.length >= settings.pairs ? { is: 'not shown', evidence } : { is: 'open', on: isOn(state, settings), evidence }
}

/** Each pair multiplies the capital by 2/(1 + e^{−2cz}), c a scale: one on average over the coin, at most two. */
export function switchbackEvidence(scores: readonly number[]): number {
  return expBounded(logMean(SCALES.map(scale => scores.reduce((sum, z) => sum + Math.LN2 - Math.log1p(Math.exp(-2 * z * scale)), 0))))
}

function isOn(state: SwitchbackState, { block }: SwitchbackSettings): boolean {
  return state.seconds < block === state.firstOn
}

function score({ on, off }: SwitchbackState): number {
  if (on.units === 0 || off.units === 0) return 0
  const rate = (on.events + off.events + 1) / (on.units + off.units + 2)
  return (on.events / on.units - off.events / off.units) / Math.sqrt(rate * (1 - rate) * (1 / on.units + 1 / off.units))
}
