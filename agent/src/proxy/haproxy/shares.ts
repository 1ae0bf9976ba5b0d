/**
 * Shares of 1/10 000 as few map entries: a request draws a number, the range that it falls into is a route.
 * Ranges are written as IPv4 prefixes, because HAProxy looks those up in a tree: the generation is the upper
 * 18 bits of the address, the drawn number the lower 14. At most 26 prefixes a route, 1–10 as a rule.
 */
import { FULL_SHARE } from '@vamp/model/routing/table'

export const DRAW_BITS = 14

export interface Range { readonly from: number; readonly to: number; readonly value: string }

/** Ranges one after the other in the given order; what the shares leave of `FULL_SHARE` has no range. */
export function shareRanges(shares: readonly { readonly share: number; readonly value: string }[]): Range[] {
  const ranges: Range[] = []
  let from = 0
  for (const { share, value } of shares) {
    const to = Math.min(FULL_SHARE, from + Math.max(0, Math.round(share)))
    if (to > from) ranges.push({ from, to, value })
    from = to
  }
  return ranges
}

/** The prefixes that cover exactly the numbers from `from` up to, not including, `to` of a generation. */
export function rangePrefixes(generation: number, from: number, to: number): string[] {
  const prefixes: string[] = []
  while (from < to) {
    let size = from === 0 ? 2 ** DRAW_BITS : from & -from
    while (from + size > to) size /= 2
    prefixes.push(`${dotted(generation * 2 ** DRAW_BITS + from)}/${32 - Math.log2(size)}`)
    from += size
  }
  return prefixes
}

const dotted = (number: number) =>
  [2 ** 24, 2 ** 16, 2 ** 8, 1].map(unit => Math.floor(number / unit) % 256).join('.')
