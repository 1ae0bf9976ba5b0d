/** Sums of numbers that are known by their logarithms. */

/** Exponents are kept within what a double can hold. */
export const EXPONENT_MAX = 690

export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b)
  return high + Math.log1p(Math.exp(Math.min(a, b) - high))
}

export function logSum(logs: readonly number[]): number {
  const high = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY)
  return Number.isFinite(high) ? high + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - high), 0)) : high
}

export function logMean(logs: readonly number[]): number {
  return logSum(logs) - Math.log(logs.length)
}

/** e^x, never infinite. */
export function expBounded(x: number): number {
  return Math.exp(Math.min(EXPONENT_MAX, Math.max(-EXPONENT_MAX, x)))
}
