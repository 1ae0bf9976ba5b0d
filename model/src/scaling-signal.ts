/**
 * What an autoscaler looks at: one signal, or an expression over several.
 *
 *     expression = term { ("+" | "-") term }
 *     term       = factor { ("*" | "/") factor }
 *     factor     = number | signal | ("max" | "min") "(" expression { "," expression } ")" | "(" expression ")"
 *     signal     = "requests" | "concurrency" | "queue" | "cpu" | "memory" | "error_rate" | "latency_p95" | "event:<type>" | "count:<type>"
 */
import { Scanner } from './expression/scanner.ts'
import { type Parsed, ok, refused } from './problem.ts'

export type SignalExpression =
  | { readonly is: 'number'; readonly value: number }
  /** Requests a second; in flight; waiting; percent of what each may use, on average over the instances; percent of requests. */
  | { readonly is: 'requests' | 'concurrency' | 'queue' | 'cpu' | 'memory' | 'error_rate' }
  /** Milliseconds. */
  | { readonly is: 'latency'; readonly percent: number }
  /** The newest value of an event of this type. */
  | { readonly is: 'event'; readonly type: string }
  /** Events of this type a second. */
  | { readonly is: 'count'; readonly type: string }
  | { readonly is: '+' | '-' | '*' | '/'; readonly left: SignalExpression; readonly right: SignalExpression }
  | { readonly is: 'max' | 'min'; readonly of: readonly SignalExpression[] }

export type SignalLeaf = Extract<SignalExpression, { readonly is: 'requests' | 'concurrency' | 'queue' | 'cpu' | 'memory' | 'error_rate' | 'latency' | 'event' | 'count' }>

const NESTING_MAX = 20
const LENGTH_MAX = 500
const WAY_OUT = 'requests, concurrency, queue, cpu, memory, error_rate, latency_p95, event:<type>, count:<type>, or an expression such as requests + 2 * event:jobs'

export function parseSignal(text: string, path = ''): Parsed<SignalExpression> {
  const scanner = new Scanner(text)
  const read = text.length > LENGTH_MAX ? scanner.fail(`it is longer than ${LENGTH_MAX} characters`) : readSum(scanner, 0)
  scanner.take(/\s+/y)
  if (read && !scanner.atEnd) scanner.fail(`'${scanner.rest}' follows a complete expression`, WAY_OUT)
  return read && scanner.atEnd ? ok(read) : refused(scanner.problem('ParserError', path))
}

function readSum(scanner: Scanner, depth: number): SignalExpression | undefined {
  return readChain(scanner, depth, /\s*([+-])/y, readProduct)
}

function readProduct(scanner: Scanner, depth: number): SignalExpression | undefined {
  return readChain(scanner, depth, /\s*([*/])/y, readFactor)
}

function readChain(scanner: Scanner, depth: number, operator: RegExp, next: (scanner: Scanner, depth: number) => SignalExpression | undefined): SignalExpression | undefined {
  let left = next(scanner, depth)
  for (let found = left && scanner.take(operator); left && found; found = scanner.take(operator)) {
    const right = next(scanner, depth)
    left = right && { is: found[1] as '+' | '-' | '*' | '/', left, right }
  }
  return left
}

function readFactor(scanner: Scanner, depth: number): SignalExpression | undefined {
  scanner.take(/\s+/y)
  if (depth > NESTING_MAX) return scanner.fail(`parentheses are nested more than ${NESTING_MAX} deep`)
  const number = scanner.take(/\d+(\.\d+)?/y)
  if (number) return { is: 'number', value: Number(number[0]) }
  const chosen = scanner.take(/(max|min)\s*\(/y)
  if (chosen) return readArguments(scanner, chosen[1] as 'max' | 'min', depth + 1)
  if (scanner.take(/\(/y)) {
    const inner = readSum(scanner, depth + 1)
    return inner && closed(scanner) ? inner : undefined
  }
  return readLeaf(scanner)
}

function readArguments(scanner: Scanner, is: 'max' | 'min', depth: number): SignalExpression | undefined {
  const of: SignalExpression[] = []
  do {
    const next = readSum(scanner, depth)
    if (!next) return undefined
    of.push(next)
  } while (scanner.take(/\s*,/y))
  return closed(scanner) ? { is, of } : undefined
}

function closed(scanner: Scanner): boolean {
  if (scanner.take(/\s*\)/y)) return true
  scanner.fail("a ')' is missing")
  return false
}

function readLeaf(scanner: Scanner): SignalExpression | undefined {
  const event = scanner.take(/(event|count):([A-Za-z0-9_-]+)/y)
  if (event) return { is: event[1] as 'event' | 'count', type: event[2] ?? '' }
  const latency = scanner.take(/latency_p(\d{1,2}(?:\.\d+)?|999|100)\b/y)
  if (latency) return { is: 'latency', percent: latency[1] === '999' ? 99.9 : Number(latency[1]) }
  const [word] = scanner.take(/(requests|concurrency|queue|cpu|memory|error_rate)\b/y) ?? []
  return word === undefined ? scanner.fail('a signal is expected here', WAY_OUT) : { is: word as 'requests' }
}

/** Every signal in an expression, each once. */
export function leavesOf(expression: SignalExpression): readonly SignalLeaf[] {
  const found = new Map<string, SignalLeaf>()
  const visit = (inner: SignalExpression): void => {
    if ('left' in inner) { visit(inner.left); visit(inner.right) }
    else if ('of' in inner) for (const each of inner.of) visit(each)
    else if (inner.is !== 'number') found.set(leafName(inner), inner)
  }
  visit(expression)
  return [...found.values()]
}

/** As it is written. */
export function leafName(leaf: SignalLeaf): string {
  if (leaf.is === 'latency') return `latency_p${leaf.percent === 99.9 ? '999' : leaf.percent}`
  return 'type' in leaf ? `${leaf.is}:${leaf.type}` : leaf.is
}

/** The value where every signal is known; nothing where one is not, or where it divides by nothing. */
export function evaluateSignal(expression: SignalExpression, valueFor: (leaf: SignalLeaf) => number | undefined): number | undefined {
  if (expression.is === 'number') return expression.value
  if ('of' in expression) {
    const values = expression.of.map(each => evaluateSignal(each, valueFor))
    return values.includes(undefined) ? undefined : Math[expression.is](...values as number[])
  }
  if (!('left' in expression)) return valueFor(expression)
  const [left, right] = [evaluateSignal(expression.left, valueFor), evaluateSignal(expression.right, valueFor)]
  if (left === undefined || right === undefined) return undefined
  switch (expression.is) {
    case '+': return left + right
    case '-': return left - right
    case '*': return left * right
    case '/': return right === 0 ? undefined : left / right
    default: return expression satisfies never
  }
}

/** Sums over the instances, of which each takes its part; or values that more instances bring down. */
export function signalNature(expression: SignalExpression): 'sum' | 'level' {
  return leavesOf(expression).every(({ is }) => is === 'latency' || is === 'cpu' || is === 'memory' || is === 'error_rate') ? 'level' : 'sum'
}
