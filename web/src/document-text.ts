/** Texts of the editor: where a problem is, and a blueprint together with its deployment. */
import type { Change } from '@vamp/model/api/change'
import type { Position } from '@vamp/model/problem'

/** Of a line and column from 1, in a text. */
export function offsetOf(text: string, { line, column }: Pick<Position, 'line' | 'column'>): number {
  const lines = text.split('\n')
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0)
  return Math.min(text.length, before + Math.min(column - 1, lines[line - 1]?.length ?? 0))
}

/** The text, and after it a document for each blueprint in it that has no deployment of its own there. */
export function withDeployments(text: string, changes: readonly Pick<Change, 'kind' | 'name'>[]): string {
  const named = (kind: string) => changes.filter(change => change.kind === kind).map(({ name }) => name)
  const own = new Set(named('deployments'))
  const missing = named('blueprints').filter(name => !own.has(name))
  return [text, ...missing.map(name => `kind: deployments\nname: ${JSON.stringify(name)}\n`)].reduce((joined, document) => `${joined.replace(/\n*$/, '\n')}---\n${document}`)
}
