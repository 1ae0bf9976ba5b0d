/**
 * `or` binds weaker than `and`, `and` weaker than `not`; both connectives lean to the left. Words in any case but for `not`.
 *
 *     expression = term { ("or" | "||" | "|") term }        a space or a parenthesis follows the connective
 *     term       = factor { ("and" | "&&" | "&") factor }
 *     factor     = [ "!" | "not" ] ( operand | "(" expression ")" )
 */
import type { Parsed } from '../problem.ts'
import type { Expression } from './expression.ts'
import { Scanner } from './scanner.ts'

/** Reads one operand or reports with `scanner.fail`. */
export type ReadOperand<O> = (scanner: Scanner) => O | { readonly is: 'true' | 'false' } | { readonly is: 'not'; readonly operand: O } | undefined

export const EXPRESSION_LENGTH_MAX = 8192
const NESTING_MAX = 100

/** `path` is where the expression stands in its document; positions are within the expression. */
export function parseExpression<O>(text: string, readOperand: ReadOperand<O>, path = ''): Parsed<Expression<O>> {
  const scanner = new Scanner(text)
  const node = text.length > EXPRESSION_LENGTH_MAX
    ? scanner.fail(`it is longer than ${EXPRESSION_LENGTH_MAX} characters`)
    : readExpression(scanner, readOperand, 0)
  if (node && !scanner.atEnd) scanner.fail(`'${scanner.rest}' follows a complete expression`, 'join two operands with and, or; put a value with spaces between quotes')
  return node && scanner.atEnd ? { is: 'ok', value: node } : { is: 'refused', problems: [scanner.problem('ParserError', path)] }
}

function readExpression<O>(scanner: Scanner, readOperand: ReadOperand<O>, depth: number): Expression<O> | undefined {
  let left = readTerm(scanner, readOperand, depth)
  while (left && scanner.take(/(?:or|\|\|?)(?=[\s(])/iy)) {
    const right = readTerm(scanner, readOperand, depth)
    left = right && { is: 'or', left, right }
  }
  return left
}

function readTerm<O>(scanner: Scanner, readOperand: ReadOperand<O>, depth: number): Expression<O> | undefined {
  let left = readFactor(scanner, readOperand, depth)
  while (left && scanner.take(/(?:and|&&?)(?=[\s(])/iy)) {
    const right = readFactor(scanner, readOperand, depth)
    left = right && { is: 'and', left, right }
  }
  return left
}

function readFactor<O>(scanner: Scanner, readOperand: ReadOperand<O>, depth: number): Expression<O> | undefined {
  scanner.take(/\s+/y)
  const negated = scanner.take(/!\s*|not(?=[\s(])\s*/y)
  const inner = readPrimary(scanner, readOperand, depth)
  scanner.take(/\s+/y)
  return inner && negated ? { is: 'not', operand: inner } : inner
}

function readPrimary<O>(scanner: Scanner, readOperand: ReadOperand<O>, depth: number): Expression<O> | undefined {
  if (!scanner.take(/\(/y)) return readOperand(scanner)
  if (depth === NESTING_MAX) return scanner.fail(`parentheses are nested more than ${NESTING_MAX} deep`)
  const inner = readExpression(scanner, readOperand, depth + 1)
  if (!inner) return undefined
  return scanner.take(/\)/y) ? inner : scanner.fail("a ')' is missing")
}
