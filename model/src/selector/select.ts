/** Does a target fulfil a selector, and in which group does it belong? */
import { isOperand } from '../expression/expression.ts'
import { isName } from '../name.ts'
import { sha1 } from '../sha1.ts'
import type { SelectorNode, SelectorOperand } from './parse.ts'
import { captured } from './pattern.ts'

/** Something that runs and can be sent requests. */
export interface SelectorTarget {
  readonly name: string
  readonly kind: string
  readonly namespace: string
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly ip: string
  readonly port: number
  /** Of the port among the target's ports, from 0. */
  readonly index: number
}

export interface Selection {
  readonly selected: boolean
  /** What the expression's groups captured, in its order. */
  readonly captured: readonly string[]
}

/** `namespace` is what `$namespace` stands for. */
export function select(node: SelectorNode, target: SelectorTarget, namespace = ''): Selection {
  if (isOperand(node)) return selectBy(node, target, namespace)
  switch (node.is) {
    case 'and': {
      const [left, right] = [select(node.left, target, namespace), select(node.right, target, namespace)]
      return left.selected && right.selected ? { selected: true, captured: [...left.captured, ...right.captured] } : NOT
    }
    case 'or': {
      const sides = [select(node.left, target, namespace), select(node.right, target, namespace)].filter(({ selected }) => selected)
      return sides.length > 0 ? { selected: true, captured: sides.flatMap(({ captured }) => captured) } : NOT
    }
    case 'not': return select(node.operand, target, namespace).selected ? NOT : YES
    default: return node.is === 'true' ? YES : NOT
  }
}

/** `(a),(b)` after what was captured, `()` if nothing was. Where that cannot be a route's name, its hash is. */
export function groupName({ captured }: Selection): string {
  const name = captured.length === 0 ? '()' : captured.map(text => `(${text})`).join(',')
  return isName(name) ? name : `(${sha1(name)})`
}

const NOT: Selection = { selected: false, captured: [] }
const YES: Selection = { selected: true, captured: [] }

function selectBy(operand: SelectorOperand, target: SelectorTarget, namespace: string): Selection {
  switch (operand.is) {
    case 'port': return operand.port === target.port ? YES : NOT
    case 'port_index': return operand.index === target.index ? YES : NOT
    case 'label': return selectByLabel(operand.name, operand.value, target.labels)
    case 'namespace': return operand.value === '$namespace' ? (target.namespace === namespace ? YES : NOT) : matched(operand.value, target.namespace)
    default: return matched(operand.value, target[operand.is])
  }
}

function selectByLabel(name: string, value: string, labels: Readonly<Record<string, string>>): Selection {
  for (const [key, text] of Object.entries(labels)) {
    const [byName, byValue] = [matched(name, key), matched(value, text)]
    if (byName.selected && byValue.selected) return { selected: true, captured: [...byName.captured, ...byValue.captured] }
  }
  return NOT
}

function matched(pattern: string, text: string): Selection {
  const groups = captured(pattern, text)
  return groups ? { selected: true, captured: groups } : NOT
}
