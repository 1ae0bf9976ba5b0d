/**
 * Weights of the routes of one gateway. A user writes percents, for all routes, some, or none; the data plane gets shares of
 * `FULL_SHARE` that total it exactly. Routes without a weight share what the others leave.
 */
import { FULL_SHARE } from './routing/table.ts'

/** Percents; the last of the routes without a weight takes what even parts leave over: three routes get 33, 33 and 34. */
export function assignWeights(given: readonly (number | undefined)[]): readonly number[] {
  const open = given.filter(weight => weight === undefined).length
  const left = Math.max(0, 100 - total(given))
  const step = left >= open ? 1 : 0.01
  const part = open === 0 ? 0 : percent(Math.floor(percent(left) / open / step + ROUNDING) * step)
  const last = given.lastIndexOf(undefined)
  return given.map((weight, index) => weight ?? (index === last ? percent(left - part * (open - 1)) : part))
}

/** Why the weights cannot be; the original's words, which it also used for weights of some routes only. */
export function weightProblem(given: readonly (number | undefined)[]): { readonly code: string; readonly reason: string } | undefined {
  const sum = percent(total(given))
  const complete = !given.includes(undefined)
  if (given.some(weight => weight !== undefined && weight < 0) || sum > 100 || (complete && sum !== 0 && sum !== 100 && given.length > 0))
    return { code: 'GatewayRouteWeightError', reason: 'Total route weight must be either 0% or 100%' }
  return undefined
}

/** Percents → shares of `FULL_SHARE` by the largest remainder, the first of equals; all zero if there is no weight at all. */
export function sharesOf(percents: readonly number[]): readonly number[] {
  const sum = total(percents)
  if (!(sum > 0)) return percents.map(() => 0)
  const exact = percents.map(weight => weight / sum * FULL_SHARE)
  const floors = exact.map(share => Math.floor(share + ROUNDING))
  const missing = FULL_SHARE - floors.reduce((a, b) => a + b, 0)
  const byRemainder = exact.map((share, index) => ({ index, remainder: share - (floors[index] ?? 0) })).sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  const raised = new Set(byRemainder.slice(0, missing).map(({ index }) => index))
  return floors.map((share, index) => raised.has(index) ? share + 1 : share)
}

/** A share of `FULL_SHARE` as the percents that a person reads. */
export function percentOf(share: number): number {
  return share * 100 / FULL_SHARE
}

/** `2.5` → 250 ten-thousandths. */
export function shareOf(percents: number): number {
  return Math.round(percents * FULL_SHARE / 100)
}

/** Rounded to the 0.01 % that the data plane can do. */
export function percent(value: number): number {
  return Math.round(value * 100) / 100
}

/** Sums of decimal fractions miss by less than this. */
const ROUNDING = 1e-9

const total = (weights: readonly (number | undefined)[]) => weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
