/**
 * An expression as alternatives of plain conjunctions: what is left when a language has no parentheses, as HAProxy's rules.
 *
 * Every conjunction is a prime implicant: neither can a literal be left out, nor a conjunction. Found by expanding the tree and
 * then by consensus (Quine 1955): `x and a`, `not x and b` also give `a and b`, and whatever contains another goes. Where that
 * would be too many, the conjunctions stay as expanded.
 */
import { type Parsed, ok, refused } from '../problem.ts'
import { type Connective, type Expression, isOperand, type OperandShape } from './expression.ts'

export interface Literal<O> { readonly operand: O; readonly positive: boolean }

export type Flat<O> =
  | { readonly is: 'true' | 'false' }
  /** Joined by or; the literals of each by and, in the order in which the operands appear in the expression. */
  | { readonly is: 'terms'; readonly terms: readonly (readonly Literal<O>[])[] }

export const OPERANDS_MAX = 20
/** Also of what arises on the way. */
export const TERMS_MAX = 256

/** Operands with the same key are the same. Refused beyond `OPERANDS_MAX` distinct operands or `TERMS_MAX` terms. */
export function flatten<O extends OperandShape>(tree: Expression<O>, keyOf: (operand: O) => string): Parsed<Flat<O>> {
  const operands = operandsOf(tree, keyOf)
  if (operands.size > OPERANDS_MAX) return refused({ code: 'ParserError', message: `Cannot flatten: more than ${OPERANDS_MAX} different operands.`, path: '' })
  const places = new Map([...operands.keys()].map((key, place) => [key, 1 << place]))
  const expanded = expand(tree, true, operand => places.get(keyOf(operand)) ?? 0)
  const cubes = expanded && (withConsensus(expanded) ?? expanded)
  if (!cubes) return refused({ code: 'ParserError', message: `Cannot flatten: more than ${TERMS_MAX} terms.`, path: '' })
  if (cubes.length === 0) return ok({ is: 'false' })
  if (cubes.some(({ pos, neg }) => pos === 0 && neg === 0)) return ok({ is: 'true' })
  const terms = needed(cubes).sort((a, b) => a.pos - b.pos || a.neg - b.neg)
  return ok({ is: 'terms', terms: terms.map(cube => literalsOf(cube, [...operands.values()])) })
}

/** The value of the expression where its operands have the given values. */
export function evaluate<O extends OperandShape>(tree: Expression<O>, truth: (operand: O) => boolean): boolean {
  if (isOperand(tree)) return truth(tree)
  const node: Connective<O> = tree
  switch (node.is) {
    case 'and': return evaluate(node.left, truth) && evaluate(node.right, truth)
    case 'or': return evaluate(node.left, truth) || evaluate(node.right, truth)
    case 'not': return !evaluate(node.operand, truth)
    default: return node.is === 'true'
  }
}

/** Distinct operands in the order in which they appear. */
export function operandsOf<O extends OperandShape>(tree: Expression<O>, keyOf: (operand: O) => string): ReadonlyMap<string, O> {
  const found = new Map<string, O>()
  const visit = (inner: Expression<O>): void => {
    if (isOperand(inner)) {
      if (!found.has(keyOf(inner))) found.set(keyOf(inner), inner)
      return
    }
    const node: Connective<O> = inner
    if (node.is === 'not') visit(node.operand)
    else if (node.is === 'and' || node.is === 'or') {
      visit(node.left)
      visit(node.right)
    }
  }
  visit(tree)
  return found
}

/** A conjunction: bits of the operands that must be true, and of those that must be false. */
interface Cube { readonly pos: number; readonly neg: number }

/** Nothing, if there are too many. */
function expand<O extends OperandShape>(tree: Expression<O>, positive: boolean, bitOf: (operand: O) => number): readonly Cube[] | undefined {
  if (isOperand(tree)) return [positive ? { pos: bitOf(tree), neg: 0 } : { pos: 0, neg: bitOf(tree) }]
  const node: Connective<O> = tree
  if (node.is === 'not') return expand(node.operand, !positive, bitOf)
  if (!('left' in node)) return (node.is === 'true') === positive ? [{ pos: 0, neg: 0 }] : []
  const [left, right] = [expand(node.left, positive, bitOf), expand(node.right, positive, bitOf)]
  if (!left || !right) return undefined
  const cubes = (node.is === 'or') === positive ? [...left, ...right] : left.flatMap(a => right.flatMap(b => both(a, b)))
  return bounded(cubes)
}

function both(a: Cube, b: Cube): readonly Cube[] {
  const [pos, neg] = [a.pos | b.pos, a.neg | b.neg]
  return (pos & neg) === 0 ? [{ pos, neg }] : []
}

/** Without those that another contains. */
function bounded(cubes: readonly Cube[]): readonly Cube[] | undefined {
  let kept: Cube[] = []
  for (const cube of cubes) {
    if (kept.some(other => contains(other, cube))) continue
    kept = kept.filter(other => !contains(cube, other))
    kept.push(cube)
    if (kept.length > TERMS_MAX) return undefined
  }
  return kept
}

/** Is everything that fulfils `inner` in `outer`? */
const contains = (outer: Cube, inner: Cube) => (outer.pos & ~inner.pos) === 0 && (outer.neg & ~inner.neg) === 0

function withConsensus(cubes: readonly Cube[]): readonly Cube[] | undefined {
  let current: readonly Cube[] | undefined = bounded(cubes)
  for (let changed = true; changed && current;) {
    const known: readonly Cube[] = current
    const more = known.flatMap((a, index) => known.slice(index + 1).flatMap(b => consensus(a, b))).filter(cube => !known.some(other => contains(other, cube)))
    changed = more.length > 0
    current = changed ? bounded([...known, ...more]) : known
  }
  return current
}

function consensus(a: Cube, b: Cube): readonly Cube[] {
  const clash = (a.pos & b.neg) | (a.neg & b.pos)
  if (clash === 0 || (clash & (clash - 1)) !== 0) return []
  return [{ pos: (a.pos | b.pos) & ~clash, neg: (a.neg | b.neg) & ~clash }]
}

/** Leaves out what the others together say already. */
function needed(cubes: readonly Cube[]): Cube[] {
  let kept = [...cubes]
  for (const cube of [...cubes].reverse()) {
    const others = kept.filter(other => other !== cube)
    if (covers(others, cube)) kept = others
  }
  return kept
}

/** Is `cube` true only where one of the others is? */
function covers(others: readonly Cube[], cube: Cube): boolean {
  const overlapping = others.filter(other => (other.pos & cube.neg) === 0 && (other.neg & cube.pos) === 0)
  if (overlapping.some(other => contains(other, cube))) return true
  const [first] = overlapping
  if (!first) return false
  const free = (first.pos | first.neg) & ~(cube.pos | cube.neg)
  const bit = free & -free
  return covers(overlapping, { pos: cube.pos | bit, neg: cube.neg }) && covers(overlapping, { pos: cube.pos, neg: cube.neg | bit })
}

function literalsOf<O>({ pos, neg }: Cube, operands: readonly O[]): readonly Literal<O>[] {
  return operands.flatMap((operand, place) => ((pos | neg) & (1 << place)) === 0 ? [] : [{ operand, positive: (pos & (1 << place)) !== 0 }])
}
