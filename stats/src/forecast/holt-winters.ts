/**
 * Exponential smoothing with a damped trend and an additive season (P. R. Winters, "Forecasting sales by exponentially weighted
 * moving averages", Management Science 6, 1960; the damped trend after E. S. Gardner and E. McKenzie, 1985), in the state-space
 * form of R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., §8.5. Works on the square root
 * of the values, on which the noise of counts has the same size everywhere.
 *
 * The first whole season only fills the seasonal pattern; from the second on there are forecasts.
 */
export interface HoltWintersOptions {
  /** Points of a season; 0 or 1: none. */
  readonly season: number
  readonly level?: number
  readonly trend?: number
  readonly seasonal?: number
  readonly damping?: number
}

export interface HoltWinters {
  observe(value: number): void
  /** Of the point `ahead` points after the last one; nothing in the first season. */
  forecast(ahead: number): number | undefined
  readonly count: number
}

export function openHoltWinters({ season, level: alpha = 0.3, trend: beta = 0.05, seasonal: gamma = 0.3, damping: phi = 0.9 }: HoltWintersOptions): HoltWinters {
  const period = Math.max(1, season)
  const pattern = new Float64Array(period)
  const first: number[] = []
  let [level, slope, count] = [0, 0, 0]

  const begin = () => {
    level = first.reduce((sum, value) => sum + value, 0) / first.length
    if (period > 1) for (const [index, value] of first.entries()) pattern[index] = value - level
    first.length = 0
  }
  return {
    get count() { return count },
    observe(value) {
      const root = Math.sqrt(Math.max(0, value))
      if (count < period) {
        first.push(root)
        count++
        if (count === period) begin()
        return
      }
      const place = count % period
      const usual = pattern[place] ?? 0
      const expected = level + phi * slope
      const next = alpha * (root - usual) + (1 - alpha) * expected
      slope = beta * (next - level) + (1 - beta) * phi * slope
      level = next
      if (period > 1) pattern[place] = gamma * (root - level) + (1 - gamma) * usual
      count++
    },
    forecast(ahead) {
      if (count < period) return undefined
      let [sum, factor] = [0, 1]
      for (let step = 0; step < ahead; step++) { factor *= phi; sum += factor }
      const root = level + sum * slope + (period > 1 ? pattern[(count + ahead - 1) % period] ?? 0 : 0)
      return Math.max(0, root) ** 2
    },
  }
}
