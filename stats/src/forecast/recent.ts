/** The newest numbers of a series, in the order of their size: quantiles of them at any time. */
export interface Recent {
  add(value: number): void
  /** `share` in [0, 1]; 0 of nothing. */
  quantile(share: number): number
}

export function openRecent(keep: number): Recent {
  const inTime: number[] = []
  const sorted: number[] = []
  /** Where the first stands that is not less. */
  const placeOf = (value: number) => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    add(value) {
      inTime.push(value)
      sorted.splice(placeOf(value), 0, value)
      const oldest = inTime.length > keep ? inTime.shift() : undefined
      if (oldest !== undefined) sorted.splice(placeOf(oldest), 1)
    },
    quantile: share => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0,
  }
}
