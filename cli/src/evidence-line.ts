/** Shares and odds as lines of characters. */

/** The odds at the right end of a line. */
const MOST = 1000

/** Odds on a logarithmic scale: 1 is nothing, 1000 is the end. */
export function scaleOf(odds: number): number {
  return Math.max(0, Math.min(1, Math.log10(Math.max(1, odds)) / Math.log10(MOST)))
}

export interface MeterStyle {
  /** Places on the line, in [0, 1]. */
  readonly marks?: readonly number[]
  readonly colour?: (text: string) => string
}

/** Filled from the left up to a share in [0, 1]: `━━━━┿━━╸─┼────`. What is not nothing is seen. */
export function meter(share: number, cells: number, { marks = [], colour = text => text }: MeterStyle = {}): string {
  const halves = Math.round(Math.max(0, Math.min(1, share)) * cells * 2)
  const filled = share > 0 ? Math.max(1, halves) : 0
  const at = new Set(marks.map(mark => Math.min(cells - 1, Math.round(mark * cells) - 1)))
  const drawn = Array.from({ length: cells }, (_, cell) => {
    if (2 * cell + 2 <= filled) return at.has(cell) ? '┿' : '━'
    if (2 * cell + 1 <= filled) return at.has(cell) ? '┼' : '╸'
    return at.has(cell) ? '┼' : '─'
  }).join('')
  const end = Math.ceil(filled / 2)
  return `${end > 0 ? colour(drawn.slice(0, end)) : ''}${drawn.slice(end)}`
}

const STEPS = '▁▂▃▄▅▆▇█'

/** The last so many values in [0, 1], the newest at the right. */
export function spark(values: readonly number[], cells: number): string {
  return values.slice(-cells).map(value => STEPS[Math.min(STEPS.length - 1, Math.floor(Math.max(0, value) * STEPS.length))] ?? '').join('')
}
