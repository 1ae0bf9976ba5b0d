/**
 * Can the repetitions of an expression divide one text among themselves in ever more ways, as those of `(a+)+` do? A proxy that
 * tries one way after the other would try them all. Every character of the expression is a place; two ways round a loop, over the
 * same text, are what is looked for. A repetition counts as one without end, unless what is repeated is always the same.
 */

export type Syntax =
  | { readonly is: 'character'; /** Bit by bit, the characters of ASCII that it takes. */ readonly set: bigint }
  | { readonly is: 'sequence' | 'choice'; readonly parts: readonly Syntax[] }
  | { readonly is: 'repeated'; readonly part: Syntax; readonly least: number; readonly most: number }

/** How a part of an expression begins and ends, place by place, and in how many ways. */
interface Part { readonly empty: number; readonly first: ReadonlyMap<number, number>; readonly last: ReadonlyMap<number, number> }

const PLACES_MAX = 1000
const STEPS_MAX = 300_000

/** `too large`: nobody looked to the end. */
export function isAmbiguous(syntax: Syntax): boolean | 'too large' {
  const sets: bigint[] = []
  const next: Map<number, number>[] = []
  const nothing: Part = { empty: 1, first: new Map(), last: new Map() }
  build(syntax)
  if (sets.length > PLACES_MAX) return 'too large'
  const loops = loopOf(next)
  return next.some((edges, from) => [...edges].some(([to, ways]) => ways > 1 && loops[from] === loops[to])) || hasTwoWays(sets, next, loops)

  function build(node: Syntax): Part {
    switch (node.is) {
      case 'character': {
        if (sets.length > PLACES_MAX) return nothing
        const place = sets.push(node.set) - 1
        next.push(new Map())
        return { empty: 0, first: new Map([[place, 1]]), last: new Map([[place, 1]]) }
      }
      case 'sequence': return node.parts.map(build).reduce(follow, nothing)
      case 'choice': return node.parts.map(build).reduce((left, right) => ({ empty: left.empty + right.empty, first: sum(left.first, right.first), last: sum(left.last, right.last) }))
      case 'repeated': return repeat(node)
      default: return node satisfies never
    }
  }

  function follow(left: Part, right: Part): Part {
    connect(left.last, right.first)
    return { empty: left.empty * right.empty, first: sum(left.first, right.first, left.empty), last: sum(right.last, left.last, right.empty) }
  }

  function repeat({ part, least, most }: Extract<Syntax, { is: 'repeated' }>): Part {
    if (least === most && isFixed(part)) return Array.from({ length: Math.min(most, PLACES_MAX) }, () => build(part)).reduce(follow, nothing)
    const once = build(part)
    // What may be empty may be so before the others or after them; only a repetition without end stops there.
    const ways = once.empty > 0 && most > 1 ? 2 : 1
    const [first, last] = [sum(new Map(), once.first, ways), sum(new Map(), once.last, ways)]
    if (most > 1) connect(Number.isFinite(most) ? last : once.last, once.first)
    return { empty: once.empty > 0 ? 2 : least === 0 ? 1 : 0, first, last }
  }

  function connect(last: Part['last'], first: Part['first']): void {
    for (const [from, ways] of last) for (const [to, more] of first) next[from]?.set(to, (next[from].get(to) ?? 0) + ways * more)
  }
}

function sum(left: Part['first'], right: Part['first'], times = 1): Part['first'] {
  if (times === 0) return left
  const both = new Map(left)
  for (const [place, ways] of right) both.set(place, (both.get(place) ?? 0) + ways * times)
  return both
}

/** Is there one way only to go through it? */
function isFixed(node: Syntax): boolean {
  switch (node.is) {
    case 'character': return true
    case 'sequence': return node.parts.every(isFixed)
    case 'choice': return node.parts.length === 1 && node.parts.every(isFixed)
    case 'repeated': return node.least === node.most && isFixed(node.part)
    default: return node satisfies never
  }
}

/** The loop that each place is in: the least place that it can reach and that can reach it. */
function loopOf(next: readonly ReadonlyMap<number, number>[]): readonly number[] {
  const before: number[][] = next.map(() => [])
  next.forEach((edges, from) => { for (const to of edges.keys()) before[to]?.push(from) })
  const loops = next.map(() => -1)
  for (const place of next.keys()) {
    if (loops[place] !== -1) continue
    const [after, ahead] = [reach(place, from => next[from]?.keys() ?? []), reach(place, from => before[from] ?? [])]
    for (const each of after) if (ahead.has(each)) loops[each] = place
  }
  return loops
}

function reach(start: number, from: (place: number) => Iterable<number>): ReadonlySet<number> {
  const found = new Set([start])
  for (const place of found) for (const to of from(place)) found.add(to)
  return found
}

/** From one place to two, over the same text and within one loop, and from two to one again. */
function hasTwoWays(sets: readonly bigint[], next: readonly ReadonlyMap<number, number>[], loops: readonly number[]): boolean | 'too large' {
  const found = new Set<number>()
  let steps = 0
  const pairs = (left: number, right: number): boolean | 'too large' => {
    for (const to of next[left]?.keys() ?? []) {
      if (loops[to] !== loops[left]) continue
      for (const other of next[right]?.keys() ?? []) {
        if (++steps > STEPS_MAX) return 'too large'
        if (loops[other] !== loops[left] || ((sets[to] ?? 0n) & (sets[other] ?? 0n)) === 0n) continue
        if (to !== other) found.add(Math.min(to, other) * sets.length + Math.max(to, other))
        else if (left !== right) return true
      }
    }
    return false
  }
  for (const place of next.keys()) if (pairs(place, place) === 'too large') return 'too large'
  for (const pair of found) {
    const answer = pairs(Math.floor(pair / sets.length), pair % sets.length)
    if (answer !== false) return answer
  }
  return false
}
