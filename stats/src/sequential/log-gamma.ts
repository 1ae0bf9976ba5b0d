/** Logarithms of factorials, exact to double precision. */

/** Factorials up to this come from a table (512 kB); larger ones from Stirling's series, whose error there is below 1e-25. */
const TABLE_MAX = 65_535
const table = new Float64Array(TABLE_MAX + 1)

fillTable()

/** ln n! for a whole n ≥ 0. */
export function logFactorial(n: number): number {
  return n <= TABLE_MAX ? table[n] ?? 0 : stirling(n + 1)
}

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  let shifted = x
  let product = 1
  while (shifted < 12) {
    product *= shifted
    shifted += 1
  }
  return stirling(shifted) - Math.log(product)
}

/** Abramowitz & Stegun 6.1.41; for x ≥ 12 the first omitted term is below 2e-13 relative to one. */
function stirling(x: number): number {
  const square = x * x
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / x
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series
}

/** Kahan's summation keeps the table's error at one rounding, not thousands. */
function fillTable(): void {
  let sum = 0
  let lost = 0
  for (let n = 2; n <= TABLE_MAX; n++) {
    const term = Math.log(n) - lost
    const next = sum + term
    lost = next - sum - term
    sum = next
    table[n] = sum
  }
}
