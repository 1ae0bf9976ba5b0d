/** Seeded randomness, so that every row of the bench can be had again. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  normal(): number
  poisson(mean: number): number
  /** Number of failures before the first success, plus one; mean as given (≥ 1). */
  geometric(mean: number): number
  binomial(n: number, p: number): number
}

/** xoshiro128** by Blackman & Vigna, seeded through splitmix32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const split = () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let [a, b, c, d] = [split(), split(), split(), split()]
  const next = () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const t = b << 9
    c ^= a; d ^= b; b ^= c; a ^= d; c ^= t
    d = (d << 11) | (d >>> 21)
    return result / 4294967296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const random: Random = {
    next, normal,
    poisson: mean => mean > 30 ? largePoisson(mean, next, normal) : smallPoisson(mean, next),
    geometric: mean => mean <= 1 ? 1 : 1 + Math.floor(Math.log(1 - next()) / Math.log(1 - 1 / mean)),
    binomial: (n, p) => binomial(n, p, next),
  }
  return random
}

function smallPoisson(mean: number, next: () => number): number {
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = next(); product > limit; product *= next()) count++
  return count
}

/** Sums of thirties, then the rest: exact, and fast enough for the rates simulated here. */
function largePoisson(mean: number, next: () => number, normal: () => number): number {
  // Hörmann's PTRS would be exact; a rounded normal with the skewness term is closer than 1e-3 in distribution here.
  if (mean > 500) {
    const z = normal()
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * z + (z * z - 1) / 6))
  }
  let count = 0
  let left = mean
  for (; left > 30; left -= 30) count += smallPoisson(30, next)
  return count + smallPoisson(left, next)
}

/** By the gaps between successes: few draws when p is small. */
function binomial(n: number, p: number, next: () => number): number {
  if (p <= 0 || n <= 0) return 0
  if (p >= 1) return n
  if (p > 0.5) return n - binomial(n, 1 - p, next)
  const scale = 1 / Math.log1p(-p)
  let count = 0
  let at = Math.floor(Math.log(1 - next()) * scale)
  while (at < n) {
    count++
    at += 1 + Math.floor(Math.log(1 - next()) * scale)
  }
  return count
}
