/** Numbers over time as blocks. */

const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const STEPS = BLOCKS.length - 1

/**
 * One column for each value, `rows` lines from the top; the largest fills them. What is above 0 shows at least a trace of a
 * block, what is unknown stays blank.
 */
export function chart(values: readonly (number | undefined)[], rows: number): readonly string[] {
  const most = Math.max(0, ...values.map(value => value ?? 0))
  const heights = values.map(value => value === undefined || most === 0 ? 0 : Math.max(value > 0 ? 1 : 0, Math.round((value / most) * rows * STEPS)))
  return Array.from({ length: rows }, (_, row) => heights.map(height => BLOCKS[Math.max(0, Math.min(STEPS, height - (rows - 1 - row) * STEPS))] ?? ' ').join(''))
}
