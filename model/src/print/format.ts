/**
 * `vamp fmt`: documents in their canonical form, as an artifact is shown in YAML. Their order stays and they mean the same; shorthands, defaults,
 * anchors and comments do not come back.
 */
import { CST, Lexer } from 'yaml'
import { type Body, parseBodies } from '../parse/document.ts'
import { ok, type Parsed } from '../problem.ts'
import { printYaml, printYamlValue } from './yaml.ts'

export interface Formatted {
  readonly text: string
  /** Lines, from 1, with the comments that `text` lacks. */
  readonly comments: readonly number[]
}

export function formatDocuments(text: string): Parsed<Formatted> {
  const parsed = parseBodies(text)
  if (parsed.is === 'refused') return parsed
  if (parsed.value.length === 0) return ok({ text, comments: [] })
  return ok({ text: parsed.value.map(printBody).join('---\n'), comments: commentLines(text) })
}

function printBody(body: Body): string {
  if (body.is === 'artifact') return printYaml(body.artifact)
  const { name } = body
  if (body.body.is === 'reference') return printYamlValue({ kind: 'deployment', name })
  return printYaml(body.body.blueprint).replace(/^kind: blueprint$/m, 'kind: deployment')
}

/** What is inside a text, also one of several lines, is announced by a mark before it. */
function commentLines(text: string): number[] {
  const lines: number[] = []
  let line = 1
  let before = ''
  for (const lexeme of new Lexer().lex(text)) {
    if (before !== CST.SCALAR && lexeme.startsWith('#')) lines.push(line)
    line += lexeme.split('\n').length - 1
    before = lexeme
  }
  return lines
}
