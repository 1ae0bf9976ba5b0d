/** Expressions over plain words, and the constants `true`, `t`, `1`, `false`, `f`, `0`: the bare logic without a language around it. */
import type { Parsed } from '../problem.ts'
import type { Expression } from './expression.ts'
import { parseExpression } from './parse-expression.ts'
import type { Scanner } from './scanner.ts'

export interface Word { readonly is: 'word'; readonly word: string }

export function parseWords(text: string): Parsed<Expression<Word>> {
  return parseExpression(text, readWord)
}

export function readConstant(scanner: Scanner): { readonly is: 'true' | 'false' } | undefined {
  if (scanner.take(/(?:true|t|1)(?![^\s()])/iy)) return { is: 'true' }
  return scanner.take(/(?:false|f|0)(?![^\s()])/iy) ? { is: 'false' } : undefined
}

function readWord(scanner: Scanner): Word | { readonly is: 'true' | 'false' } | undefined {
  const constant = readConstant(scanner)
  if (constant) return constant
  const [word] = scanner.take(/[^\s()!]+/y) ?? []
  return word === undefined ? scanner.fail('a word is expected here') : { is: 'word', word }
}
