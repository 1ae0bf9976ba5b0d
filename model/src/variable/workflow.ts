/**
 * The environment and the dialect of a workflow. References are read in two passes: global ones (`$conf://…`) first, then
 * `$workflow`, `$namespace`, `$data` and what the breed has, so that a global value may speak of the workflow:
 *
 *     URL: $conf://base        base: http://vamp/$namespace        →  http://vamp/default
 */
import type { Breed, EnvironmentVariable } from '../breed.ts'
import type { Problem } from '../problem.ts'
import type { Workflow } from '../workflow.ts'
import { type Environment, overridden } from './environment.ts'
import { parseValue, type ValueNode } from './parse.ts'
import { resolveReference, resolveValue, type Scope } from './resolve.ts'

export interface WorkflowFacts {
  readonly namespace: string
  /** What `$data` stands for; see `workflowData`. */
  readonly data?: string
  readonly global?: Scope['global']
}

/** The event that triggered a workflow, as base64 of its JSON; empty for workflows that run by themselves. */
export function workflowData(event?: unknown): string {
  if (event === undefined) return ''
  return btoa(Array.from(new TextEncoder().encode(JSON.stringify(event)), byte => String.fromCharCode(byte)).join(''))
}

/** The workflow wins over its breed, whose aliases stay. */
export function workflowEnvironmentOf(workflow: Workflow, breed: Breed, facts: WorkflowFacts): Environment {
  const problems: Problem[] = []
  const values = overridden(breed.environment_variables, workflow.environment_variables)
  const scope = scopeOf(workflow, breed, values, facts)
  const variables = values.map(({ name, alias = name, value }) => {
    const path = `environment_variables/${name}`
    if (value === null) problems.push({ code: 'UnresolvedVariableValueError', message: `Unresolved value of variable '${name}' for breed '${breed.name}'.`, path })
    return [alias, resolveTwice(value ?? '', path, scope, problems)] as const
  })
  return { variables: Object.fromEntries(variables), problems }
}

export interface WorkflowDialect {
  readonly dialect: unknown
  /** Texts that are no values; they stay as they are. */
  readonly problems: readonly Problem[]
}

/** All texts of the dialect, at any depth. It is the same for every event, so `$data` is empty. */
export function workflowDialectOf(workflow: Workflow, breed: Breed, driver: string, { data: _, ...facts }: WorkflowFacts): WorkflowDialect {
  const problems: Problem[] = []
  const scope = scopeOf(workflow, breed, overridden(breed.environment_variables, workflow.environment_variables), facts)
  const resolve = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return resolveTwice(value, path, scope, problems)
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, `${path}[${index}]`))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, `${path}/${key}`)]))
  }
  const own = Object.hasOwn(workflow.dialects, driver) ? workflow.dialects[driver] : undefined
  return { dialect: resolve(own, `dialects/${driver}`), problems }
}

function scopeOf(workflow: Workflow, breed: Breed, values: readonly EnvironmentVariable[], { namespace, data = '', global }: WorkflowFacts): Scope {
  const traits = [...breed.ports.map(({ name, number, expression }) => ({ name, value: expression ?? String(number) })), ...breed.constants, ...values]
  const locals = new Map(traits.flatMap(({ name, value }) => value === null ? [] : [[name, value]]))
  for (const [name, value] of [['workflow', workflow.name], ['namespace', namespace], ['data', data]] as const) locals.set(name, value)
  return { local: name => locals.get(name), trait: () => undefined, host: () => undefined, global: global ?? (() => undefined) }
}

function resolveTwice(value: string, path: string, scope: Scope, problems: Problem[]): string {
  const parsed = parseValue(value, path)
  if (parsed.is === 'ok') return resolveValue(parsed.value.flatMap(node => withGlobal(node, scope)), { ...scope, global: () => undefined })
  problems.push(...parsed.problems)
  return value
}

/** A global value whose dollars mean nothing, such as a password, is text. */
function withGlobal(node: ValueNode, scope: Scope): readonly ValueNode[] {
  if (node.is === 'text' || node.reference.is !== 'global') return [node]
  const text = resolveReference(node.reference, scope) ?? ''
  const parsed = parseValue(text)
  return parsed.is === 'ok' ? parsed.value : [{ is: 'text', text }]
}
