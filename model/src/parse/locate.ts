/** Where in a text the place is that a problem names: for problems that are found by somebody who has not the text. */
import { kindOf } from '../kind.ts'
import type { Position, Problem } from '../problem.ts'
import { parseSource, positionOf, type SourceNode } from './source.ts'

/** What a problem was found in, among several documents. */
export interface DocumentName { readonly kind: string; readonly name: string }

/** With the position of its path, or of what is nearest above it; the path is told where it is not written as such. Nothing if the text has no such document. */
export function located(problem: Problem, text: string, document: DocumentName): Problem | undefined {
  const parsed = parseSource(text)
  const roots = parsed.is === 'ok' ? parsed.value.flatMap(({ root }) => root.is === 'list' ? root.items : [root]) : []
  const root = roots.find(each => textAt(each, 'name') === document.name && kindOf(textAt(each, 'kind') ?? '') === kindOf(document.kind))
  if (!root) return undefined
  const { node, whole } = follow(root, stepsOf(problem.path))
  const at: Position | undefined = node.mark && positionOf(node.mark)
  return { ...problem, ...(at ? { at } : {}), message: whole ? problem.message : `${problem.message} (${problem.path})` }
}

const textAt = (node: SourceNode, key: string): string | undefined => {
  const value = node.is === 'map' ? node.entries.find(entry => entry.key === key)?.node : undefined
  return value?.is === 'scalar' ? value.text : undefined
}

/** `clusters/web/services[0]` → clusters, web, services, 0 */
function stepsOf(path: string): readonly (string | number)[] {
  return path.split('/').flatMap(part => {
    const [, key = '', indexes = ''] = /^(.*?)((?:\[\d+\])*)$/.exec(part) ?? []
    return [...key === '' ? [] : [key], ...[...indexes.matchAll(/\d+/g)].map(([index]) => Number(index))]
  })
}

function follow(from: SourceNode, steps: readonly (string | number)[]): { readonly node: SourceNode; readonly whole: boolean } {
  let node = from
  for (let left = steps; left.length > 0;) {
    const next = step(node, left)
    if (!next) return { node, whole: false }
    node = next.node
    left = left.slice(next.taken)
  }
  return { node, whole: true }
}

/** A key may have slashes in it, and a list of one may be written as that one. */
function step(node: SourceNode, [first, ...more]: readonly (string | number)[]): { readonly node: SourceNode; readonly taken: number } | undefined {
  if (typeof first === 'number') {
    const item = node.is === 'list' ? node.items[first] : first === 0 ? node : undefined
    return item && { node: item, taken: 1 }
  }
  if (node.is !== 'map') return undefined
  const names = [first, ...more]
  for (let taken = names.length; taken > 0; taken--) {
    const found = node.entries.find(({ key }) => key === names.slice(0, taken).join('/'))
    if (found) return { node: found.node, taken }
  }
  return undefined
}
