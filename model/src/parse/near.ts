/** The candidate that somebody who wrote `word` most likely meant; nothing if none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LENGTH_MAX) return undefined
  const wanted = word.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let least = Math.min(word.length, Math.max(1, Math.floor(word.length / 3)) + 1)
  for (const candidate of candidates) {
    const distance = distanceOf(wanted, candidate.toLowerCase().replaceAll('-', '_'))
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

const LENGTH_MAX = 64
/** Further away it is another name, no slip. */
const SLIP_MAX = 3

/** The same, if it is but a slip. */
export function slipOf(word: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(word, candidates)
  return found !== undefined && distanceOf(word, found) <= SLIP_MAX ? found : undefined
}

/** Edits between two texts: insertion, deletion, replacement, and two neighbours swapped (optimal string alignment). */
export function distanceOf(from: string, to: string): number {
  let older: number[] = []
  let old = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let least = Math.min((old[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (old[column - 1] ?? 0) + (same ? 0 : 1))
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) least = Math.min(least, (older[column - 2] ?? 0) + 1)
      current.push(least)
    }
    ;[older, old] = [old, current]
  }
  return old[to.length] ?? 0
}
