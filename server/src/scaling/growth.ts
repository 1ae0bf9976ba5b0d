/**
 * Does demand grow, and how fast at least? What grows slowly shows only in long blocks of seconds, what grows fast in short ones: four
 * blocks in a row of each length are looked at, and those count that grew each time.
 */
export interface Counted { readonly second: number; readonly requests: number }

/** By requests per second and second, for as long as it was seen. */
export interface Growth { /** Of a line through the blocks. */ readonly slope: number; readonly unsure: number; /** From one to the next. */ readonly least: number; readonly seconds: number }

/** Seconds of a block. */
const LENGTHS = [2, 4, 8, 16, 32, 64] as const
const BLOCKS = 4
/** Of the slope of a line through four counts, in which the outer two have three times the weight of the inner: its variance, in counts. */
const SLOPE_VARIANCE = 0.2

export function growthsOf(all: readonly Counted[], dispersion: number): readonly Growth[] {
  const newest = all.at(-1)?.second ?? 0
  return LENGTHS.flatMap(length => {
    if (all.length < BLOCKS * length) return []
    const blocks = Array<number>(BLOCKS).fill(0)
    for (let at = all.length - 1; at >= 0; at--) {
      const second = all[at]
      const block = BLOCKS - 1 - Math.floor((newest - (second?.second ?? 0)) / length)
      if (block < 0) break
      blocks[block] = (blocks[block] ?? 0) + (second?.requests ?? 0)
    }
    const [a = 0, b = 0, c = 0, d = 0] = blocks
    const least = Math.min(b - a, c - b, d - c) / length ** 2
    const unsure = Math.sqrt(SLOPE_VARIANCE * dispersion * Math.max(1, (a + b + c + d) / BLOCKS)) / length ** 2
    return least > 0 ? [{ slope: (3 * (d - a) + c - b) / 10 / length ** 2, unsure, least, seconds: BLOCKS * length }] : []
  })
}

/**
 * Requests per second that will have been added so many seconds from now, at least: so many deviations below the line, and no more than
 * the least of the three growths. A step, wherever it falls, shows in two of them at most: it is no growth that goes on. And none is
 * believed to go on for longer than it was seen.
 */
export const grownBy = (growths: readonly Growth[], ahead: number, chance: number): number => Math.max(0, ...growths.map(({ slope, unsure, least, seconds }) => Math.min(slope - chance * unsure, least) * Math.min(ahead, seconds)))
