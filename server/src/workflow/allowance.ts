/** So many in a second, refilled evenly, and so many at once after a while of quiet (a token bucket). */

export interface Allowance {
  /** True if one more is allowed now; it is then used. */
  take(): boolean
  /** Milliseconds until one more is allowed. */
  waitMs(): number
}

export function openAllowance({ perSecond, burst = perSecond, now }: { readonly perSecond: number; readonly burst?: number; /** Milliseconds of a clock that never jumps. */ readonly now: () => number }): Allowance {
  let left = burst
  let filledAt = now()
  const fill = () => {
    const at = now()
    left = Math.min(burst, left + ((at - filledAt) / 1000) * perSecond)
    filledAt = at
  }
  return {
    take() {
      fill()
      if (left < 1) return false
      left--
      return true
    },
    waitMs() {
      fill()
      return left >= 1 ? 0 : Math.ceil(((1 - left) / perSecond) * 1000)
    },
  }
}
