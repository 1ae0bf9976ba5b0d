/** Does a series repeat itself, and after how many points? By autocorrelation, after the trend is taken away. */

/** Least correlation that is called a season. */
const CORRELATION_MIN = 0.5

/** The one of `candidates` (points) after which the series resembles itself most; nothing if it does not. Candidates need two whole seasons of data. */
export function seasonOf(values: readonly number[], candidates: readonly number[]): number | undefined {
  const found = candidates.filter(lag => lag > 1 && values.length >= 2 * lag).map(lag => ({ lag, correlation: autocorrelation(values, lag) }))
  const best = found.reduce<{ lag: number; correlation: number } | undefined>((most, each) => !most || each.correlation > most.correlation ? each : most, undefined)
  return best && best.correlation >= CORRELATION_MIN ? best.lag : undefined
}

/** Of the newest two seasons of what is left when a straight line is taken away; in [−1, 1]. */
export function autocorrelation(all: readonly number[], lag: number): number {
  const values = withoutLine(all.slice(-Math.max(2 * lag, Math.min(all.length, 8 * lag))))
  let [top, left, right] = [0, 0, 0]
  for (let at = lag; at < values.length; at++) {
    const [now, before] = [values[at] ?? 0, values[at - lag] ?? 0]
    top += now * before
    left += now * now
    right += before * before
  }
  return left > 0 && right > 0 ? top / Math.sqrt(left * right) : 0
}

function withoutLine(values: readonly number[]): number[] {
  const [middle, mean] = [(values.length - 1) / 2, values.reduce((sum, value) => sum + value, 0) / values.length]
  let [top, bottom] = [0, 0]
  for (const [at, value] of values.entries()) { top += (at - middle) * (value - mean); bottom += (at - middle) ** 2 }
  const slope = bottom > 0 ? top / bottom : 0
  return values.map((value, at) => value - mean - slope * (at - middle))
}
