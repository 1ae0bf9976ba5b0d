/** Measurements as people read them. */

/** Two or three digits that matter. */
export function count(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value === 0 ? '0' : value.toFixed(2)
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '-'
  return share === 0 ? '0%' : `${count(share * 100)}%`
}

export function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : count(value)
}
