/** The small languages of a corpus: `conditions.json` (conditions, selectors) and `units.json` (quantities, references, schedules). */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { aclsOf } from '@vamp/model/condition/acl'
import { parseCondition } from '@vamp/model/condition/parse'
import type { ConditionNode } from '@vamp/model/condition'
import { evaluate, flatten } from '@vamp/model/expression/flatten'
import type { Expression } from '@vamp/model/expression/expression'
import { parseWords, type Word } from '@vamp/model/expression/parse-words'
import { artifactOf } from '@vamp/model/parse/document'
import type { Parsed } from '@vamp/model/problem'
import { parseCpu, parseMemory, parsePercentage, parseTime } from '@vamp/model/quantity'
import { parseSelector, type SelectorNode } from '@vamp/model/selector/parse'
import { groupName, select, type Selection, type SelectorTarget } from '@vamp/model/selector/select'
import { parseValue, type ValueNode } from '@vamp/model/variable/parse'
import { resolveValue, type Scope } from '@vamp/model/variable/resolve'
import { differenceOf } from './conformance-facts.ts'
import type { Verdict } from './conformance-manifest.ts'

export interface Judged {
  readonly id: string
  readonly why: Verdict
}

/** What the corpus states of an expression. Cases are found by section and place, as they carry no ids. */
interface Case {
  readonly expression: string
  readonly ast?: unknown
  readonly error?: string
  readonly acls?: unknown
  readonly condition?: string
  readonly first_acl_definition?: string
  readonly input: string
  readonly equals_parse_of: string
  readonly operation: string
  readonly selector: string
  readonly expected: unknown
  readonly unit: string
  readonly value?: number
  readonly nodes?: unknown
  readonly period: { readonly time: string | null }
}

interface RoutingGroup {
  readonly name: string
  readonly kind: string
  readonly namespace: string
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly instances: readonly { readonly ip: string; readonly ports: readonly { readonly arg1: number; readonly arg2: number }[] }[]
}

interface ConditionsFile {
  readonly [section: string]: unknown
  readonly route_selection?: { readonly namespace: string; readonly routing_groups: readonly RoutingGroup[]; readonly cases: readonly Case[] }
}

interface VariablesCase {
  readonly clusters: readonly string[]
  readonly environment_variables: readonly (readonly [name: string, value: string])[]
  readonly interpolated: readonly (string | null)[]
}

interface UnitsFile {
  readonly [section: string]: unknown
  readonly deployment_value_resolver?: {
    readonly fixture: { readonly extra_environment_variables: Readonly<Record<string, string>>; readonly hosts: Readonly<Record<string, string>> }
    readonly cases: readonly VariablesCase[]
  }
}

export function judgeExpressions(corpus: string): readonly Judged[] {
  const conditions = read<ConditionsFile>(corpus, 'conditions.json')
  const units = read<UnitsFile>(corpus, 'units.json')
  const { route_selection: selection } = conditions
  const { deployment_value_resolver: variables } = units
  return [
    ...judgeCases(conditions, 'conditions', 'condition_parser', ({ expression, ast }) => compare(ast, parseCondition(expression), conditionFacts)),
    ...judgeCases(conditions, 'conditions', 'boolean_parser', ({ expression, ast }) => compare(ast, parseWords(expression), wordFacts)),
    ...judgeCases(conditions, 'conditions', 'boolean_flatter', judgeFlat),
    ...judgeCases(conditions, 'conditions', 'haproxy_acl', ({ expression, acls, condition }) => compare({ acls, condition }, aclsIn(expression), written => written)),
    ...judgeCases(conditions, 'conditions', 'haproxy_first_acl_definition', ({ expression, first_acl_definition }) => compare(first_acl_definition, aclsIn(expression), ({ acls }) => acls[0]?.definition)),
    ...judgeCases(conditions, 'conditions', 'route_selector_parser', ({ expression, ast, error }) => compare(error === undefined ? ast : REFUSED, parseSelector(expression), selectorFacts)),
    ...(selection?.cases ?? []).map((given, index) => ({ id: `conditions/route_selection/${index}`, why: judgeSelection(given, selection?.routing_groups ?? [], selection?.namespace ?? '') })),
    ...judgeCases(units, 'units', 'unit_values', judgeUnit),
    ...judgeCases(units, 'units', 'value_resolver', ({ input, nodes }) => compare(nodes, parseValue(input), value => value.map(valueFacts))),
    ...judgeCases(units, 'units', 'time_schedule', judgeSchedule),
    ...(variables?.cases ?? []).map((given, index) => ({ id: `units/deployment_value_resolver/${index}`, why: judgeVariables(given, variables?.fixture.extra_environment_variables ?? {}, variables?.fixture.hosts ?? {}) })),
  ]
}

function read<T>(corpus: string, file: string): T {
  return existsSync(join(corpus, file)) ? JSON.parse(readFileSync(join(corpus, file), 'utf8')) as T : {} as T
}

function judgeCases(file: ConditionsFile | UnitsFile, name: string, section: string, judge: (given: Case) => Verdict): readonly Judged[] {
  const cases = file[section]
  return Array.isArray(cases) ? (cases as readonly Case[]).map((given, index) => ({ id: `${name}/${section}/${index}`, why: judge(given) })) : []
}

const REFUSED = { refused: true }

function compare<T>(expected: unknown, parsed: Parsed<T>, facts: (value: T) => unknown): Verdict {
  if (parsed.is === 'ok') return expected === REFUSED ? 'accepted, but the original refuses it' : differenceOf(expected, facts(parsed.value))
  return expected === REFUSED ? undefined : parsed.problems.map(({ message }) => message).join(' ')
}

function treeFacts<O extends { readonly is: string }>(node: Expression<O>, operand: (node: O) => unknown): unknown {
  const { is, left, right, operand: inner } = node as { is: string; left: Expression<O>; right: Expression<O>; operand: Expression<O> }
  switch (is) {
    case 'and': return { $type: 'And', left: treeFacts(left, operand), right: treeFacts(right, operand) }
    case 'or': return { $type: 'Or', left: treeFacts(left, operand), right: treeFacts(right, operand) }
    case 'not': return { $type: 'Negation', operand: treeFacts(inner, operand) }
    case 'true': return { $type: 'True' }
    case 'false': return { $type: 'False' }
    default: return operand(node as O)
  }
}

const wordFacts = (tree: Expression<Word>) => treeFacts(tree, ({ word }) => ({ $type: 'Value', value: word }))

function conditionFacts(tree: ConditionNode): unknown {
  return treeFacts(tree as Expression<ConditionNode>, operand => {
    switch (operand.is) {
      case 'host': return { $type: 'Host', value: operand.value }
      case 'user_agent': return { $type: 'UserAgent', value: operand.value }
      case 'header': return { $type: 'Header', value: operand.name }
      case 'cookie': return { $type: 'Cookie', value: operand.name }
      case 'header_contains': return { $type: 'HeaderContains', name: operand.name, value: operand.value }
      case 'cookie_contains': return { $type: 'CookieContains', name: operand.name, value: operand.value }
      case 'raw': return { $type: 'Value', value: operand.acl }
      default: return { $type: operand.is }
    }
  })
}

const SELECTORS: Readonly<Record<string, string>> = { name: 'NameSelector', kind: 'KindSelector', namespace: 'NamespaceSelector', image: 'ImageSelector', ip: 'IpSelector', label: 'LabelSelector', port: 'PortSelector', port_index: 'PortIndexSelector' }

const selectorFacts = (tree: SelectorNode) => treeFacts(tree, ({ is, ...operand }) => ({ $type: SELECTORS[is], ...operand }))

/** Flat expressions are compared by what they say: the order of terms has no meaning. */
function judgeFlat({ input, equals_parse_of }: Case): Verdict {
  const [given, expected] = [parseWords(input), parseWords(equals_parse_of)]
  if (given.is === 'refused' || expected.is === 'refused') return 'it does not parse'
  const flat = flatten(given.value, ({ word }) => word)
  if (flat.is === 'refused') return flat.problems[0]?.message
  const names = [...new Set(`${input} ${equals_parse_of}`.match(/\w+/g))]
  for (let truths = 0; truths < 2 ** names.length; truths++) {
    const truth = ({ word }: Word) => (truths >> names.indexOf(word)) % 2 === 1
    const value = flat.value.is === 'terms' ? flat.value.terms.some(term => term.every(({ operand, positive }) => truth(operand) === positive)) : flat.value.is === 'true'
    if (value !== evaluate(expected.value, truth)) return `flat it says something else than ${equals_parse_of}`
  }
  return undefined
}

function aclsIn(expression: string) {
  const parsed = parseCondition(expression, { fallback: true })
  return parsed.is === 'ok' ? aclsOf(parsed.value) : parsed
}

function judgeSelection({ operation, selector, expected }: Case, groups: readonly RoutingGroup[], namespace: string): Verdict {
  const parsed = parseSelector(selector)
  if (parsed.is === 'refused') return parsed.problems[0]?.message
  const selected = groups.flatMap(targetsOf).map(({ url, target }) => ({ url, selection: select(parsed.value, target, namespace) })).filter(({ selection }) => selection.selected)
  if (operation === 'groups') return differenceOf(expected, grouped(selected))
  const urls = selected.map(({ url }) => url)
  return differenceOf((expected as string[]).toSorted(), urls.toSorted())
}

function targetsOf({ instances, ...group }: RoutingGroup): { readonly url: string; readonly target: SelectorTarget }[] {
  return instances.flatMap(({ ip, ports }) => ports.map(({ arg1, arg2 }, index) => ({ url: `${ip}:${arg2}`, target: { ...group, ip, port: arg1, index } })))
}

function grouped(selected: readonly { readonly url: string; readonly selection: Selection }[]): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(selected, ({ selection }) => groupName(selection))
  return Object.fromEntries([...groups].map(([name, members]) => [name, members.map(({ url }) => url)]))
}

const UNITS: Readonly<Record<string, (text: string) => number | undefined>> = { Percentage: parsePercentage, MegaByte: parseMemory, Quantity: parseCpu, Time: parseTime }

function judgeUnit({ unit, input, value }: Case): Verdict {
  const parse = UNITS[unit]
  return parse ? differenceOf(value ?? null, parse(input) ?? null) : `unknown unit ${unit}`
}

function valueFacts(node: ValueNode): unknown {
  if (node.is === 'text') return { $type: 'StringNode', value: node.text }
  const { is, ...reference } = node.reference
  return { $type: 'VariableNode', reference: { $type: { global: 'GlobalReference', trait: 'TraitReference', host: 'HostReference', local: 'LocalReference' }[is], ...reference } }
}

/** The original reads an empty period as every second. */
function judgeSchedule({ input, period }: Case): Verdict {
  const parsed = artifactOf('workflows', { name: 'w', breed: 'b', schedule: { time: input } })
  return compare(period.time ?? 'PT1S', parsed, ({ schedule }) => schedule.is === 'time' ? schedule.period : schedule.is)
}

/** Only variables of the given clusters are resolved; the values that they refer to are taken as they are written. */
function judgeVariables({ clusters, environment_variables, interpolated }: VariablesCase, extra: Readonly<Record<string, string>>, hosts: Readonly<Record<string, string>>): Verdict {
  const known = new Map([...Object.entries(extra), ...environment_variables])
  const scope: Scope = {
    local: () => undefined,
    trait: (cluster, group, name) => known.get(`${cluster}.${group}.${name}`),
    host: cluster => hosts[`${cluster}.hosts.host`],
    global: () => undefined,
  }
  const values = environment_variables.map(([name, value]) => {
    if (!clusters.includes(name.split('.')[0] ?? '')) return null
    const parsed = parseValue(value)
    return parsed.is === 'ok' ? resolveValue(parsed.value, scope) : undefined
  })
  return differenceOf(interpolated, values)
}
