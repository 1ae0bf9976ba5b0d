/**
 * Values with references: `http://$db.host:${db.ports.sql}/$NAME`, `$$` for a dollar.
 *
 *     reference = schema "://" part { "." part } | part "." part "." part | part ".host" | part
 *     part      = characters other than white space / [ ] . { } : ; , $
 */
import { Scanner } from '../expression/scanner.ts'
import { ok, type Parsed } from '../problem.ts'

export type VariableReference =
  /** From outside of the deployment: `conf://vamp.x`, `env://HOME`. */
  | { readonly is: 'global'; readonly schema: string; readonly path: string }
  /** `db.ports.sql`, `db.environment_variables.X`, `db.constants.X`, `db.hosts.host` */
  | { readonly is: 'trait'; readonly cluster: string; readonly group: string; readonly name: string }
  /** `db.host` */
  | { readonly is: 'host'; readonly cluster: string }
  /** A variable or constant of the service itself. */
  | { readonly is: 'local'; readonly name: string }

export type ValueNode =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'variable'; readonly reference: VariableReference }

/** Neighbouring texts are one node. A `$` that begins no reference is a problem. */
export function parseValue(text: string, path = ''): Parsed<readonly ValueNode[]> {
  const scanner = new Scanner(text)
  const nodes: ValueNode[] = []
  while (!scanner.atEnd) {
    const node = readNode(scanner)
    if (!node) return { is: 'refused', problems: [scanner.problem('ParserError', path)] }
    const last = nodes.at(-1)
    if (node.is === 'text' && last?.is === 'text') nodes[nodes.length - 1] = { is: 'text', text: last.text + node.text }
    else nodes.push(node)
  }
  return ok(nodes)
}

const PART = String.raw`[^\s/[\].{}:;,$]+`
const GLOBAL = new RegExp(`(${PART})://(${PART}(?:\\.${PART})*)`, 'y')
const TRAIT = new RegExp(`(${PART})\\.(${PART})\\.(${PART})`, 'y')
const HOST = new RegExp(`(${PART})\\.host(?![^\\s/[\\].{}:;,$])`, 'y')
const LOCAL = new RegExp(PART, 'y')

function readNode(scanner: Scanner): ValueNode | undefined {
  const [text] = scanner.take(/[^$]+/y) ?? []
  if (text !== undefined) return { is: 'text', text }
  if (scanner.take(/\$\$/y)) return { is: 'text', text: '$' }
  const start = scanner.offset
  const braced = scanner.take(/\$(\{\s*)?/y)?.[1] !== undefined
  const reference = readReference(scanner)
  if (!reference) return scanner.fail("a '$' begins no reference", "a dollar itself is written '$$'", start)
  if (braced && !scanner.take(/\s*\}/y)) return scanner.fail("a '}' is missing, or the reference is none", 'braces hold a name, cluster.host or cluster.group.name', start)
  return { is: 'variable', reference }
}

function readReference(scanner: Scanner): VariableReference | undefined {
  const [, schema, path] = scanner.take(GLOBAL) ?? []
  if (schema !== undefined && path !== undefined) return { is: 'global', schema, path }
  const [, cluster, group, name] = scanner.take(TRAIT) ?? []
  if (cluster !== undefined && group !== undefined && name !== undefined) return { is: 'trait', cluster, group, name }
  const [, host] = scanner.take(HOST) ?? []
  if (host !== undefined) return { is: 'host', cluster: host }
  const [local] = scanner.take(LOCAL) ?? []
  return local === undefined ? undefined : { is: 'local', name: local }
}
