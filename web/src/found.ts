/** Searching everything that has a name. */

export interface Findable { readonly kind: string; readonly name: string; readonly to: string }

const FOUND_MAX = 12

/** Every word must occur; what begins with the text comes first, then the shorter name. */
export function foundIn(things: readonly Findable[], text: string): readonly Findable[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const full = words.join(' ')
  const matching = things.filter(({ kind, name }) => words.every(word => `${kind} ${name}`.toLowerCase().includes(word)))
  const rank = ({ name }: Findable) => name.toLowerCase().startsWith(full) ? 0 : 1
  return matching.sort((a, b) => rank(a) - rank(b) || a.name.length - b.name.length || a.name.localeCompare(b.name)).slice(0, FOUND_MAX)
}
