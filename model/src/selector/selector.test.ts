import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Route } from '../gateway.ts'
import { inline } from '../reference.ts'
import { groupRoutes } from './group-routes.ts'
import { parseSelector, type SelectorNode } from './parse.ts'
import { groupName, select, type SelectorTarget } from './select.ts'

const CORPUS = new URL('../../../../shared/corpus/conditions.json', import.meta.url)

interface Case { readonly expression: string; readonly ast?: unknown; readonly error?: string }

const TYPES = { name: 'NameSelector', kind: 'KindSelector', namespace: 'NamespaceSelector', image: 'ImageSelector', ip: 'IpSelector', label: 'LabelSelector', port: 'PortSelector', port_index: 'PortIndexSelector' } as const

function astOf(node: SelectorNode): unknown {
  switch (node.is) {
    case 'and': case 'or': return { $type: node.is === 'and' ? 'And' : 'Or', left: astOf(node.left), right: astOf(node.right) }
    case 'not': return { $type: 'Negation', operand: astOf(node.operand) }
    case 'true': case 'false': return { $type: node.is === 'true' ? 'True' : 'False' }
    default: {
      const { is, ...operand } = node
      return { $type: TYPES[is], ...operand }
    }
  }
}

function tree(text: string): SelectorNode {
  const parsed = parseSelector(text)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}

describe.skipIf(!existsSync(CORPUS))('selectors of the original', () => {
  const cases = existsSync(CORPUS) ? (JSON.parse(readFileSync(CORPUS, 'utf8')) as { route_selector_parser: Case[] }).route_selector_parser : []

  test.each(cases)('$expression', ({ expression, ast, error }) => {
    const parsed = parseSelector(expression)
    expect(parsed.is === 'ok' ? astOf(parsed.value) : undefined).toEqual(error ? undefined : ast)
  })
})

const TARGET: SelectorTarget = { name: 'web-1', kind: 'app', namespace: 'shop', image: 'acme/web:1.2', labels: { stage: 'live', zone: 'a' }, ip: '10.0.0.1', port: 8080, index: 0 }

test.each([
  ['true', true, '()'], ['false', false, '()'], ['name(web)', false, '()'], ['id(web-.*)', true, '()'], ['NAME(web-(.*))', true, '(1)'],
  ['image(acme/(.+):(.+))', true, '(web),(1.2)'], ['label(stage)(li(ve))', true, '(ve)'], ['label(stage)(a)', false, '()'], ['label(zone|stage)(a)', true, '()'],
  ['port(8080) and index(0)', true, '()'], ['port(80)', false, '()'], ['namespace($namespace)', true, '()'], ['group(shop) and type(app) and not host(192[.].*)', true, '()'],
  ['name((web)-1) and image(.*:(.*))', true, '(web),(1.2)'], ['name((web)-1) or image(no(ne))', true, '(web)'], ['name(([a-z]{1,3}-?).{0,500}1.{0,200})', true, '(web-)'], ['name([()].*)', false, '()'], ['image(acme(/)web:1.2)', true, '(4c1a8f)'],
])('%s: %s %s', (text, selected, group) => {
  const selection = select(tree(text), TARGET, 'shop')

  expect(selection.selected).toBe(selected)
  expect(groupName(selection)).toEqual(group === '(4c1a8f)' ? expect.stringMatching(/^\([0-9a-f]{40}\)$/) : group)
})

test.each([
  ['winter(cold)', "'winter' is no property of a target"], ['nmae(x)', "'nmae' is no property of a target"], ['name(x', "a ')' is missing"], ['name(*)', "'*' is no regular expression: missing argument to repetition operator: `*`"],
  ['name((a)\\1)', "'(a)\\1' is no regular expression: invalid escape sequence: `\\1`"], ['name(a(?=b))', "'a(?=b)' is no regular expression: invalid or unsupported Perl syntax: `(?=`"], [`name(${'a'.repeat(1001)})`, `'${'a'.repeat(1001)}' is no regular expression: it is longer than 1000 characters`],
  ['index(a)', 'a number between parentheses is expected here'], ['label(a)', "a '(' is expected here"], ['', 'an operand such as name(…), image(…) or label(…)(…) is expected here'],
])('%j is refused', (text, reason) => {
  expect(parseSelector(text)).toMatchObject({ is: 'refused', problems: [{ code: 'InvalidSelectorError', message: `Invalid selector: '${text}'. Cannot parse: ${reason}.` }] })
})

test('a pattern takes time in proportion to the text, whatever it is', () => {
  // Tried one way after the other, this would be two to the power of sixty steps.
  expect(select(tree('name((a+)+b)'), { ...TARGET, name: 'a'.repeat(60) }).selected).toBe(false)
})

test.each([
  `(${'.'.repeat(900)}){1000}`, '((a{20}){20}){20}', '(?:[[:alpha:])(]{40}b?){60}', '(?P<long>\\p{Greek}{2,50}){50}', '(?:\\Qabc\\E){900}',
])('the pattern %s is refused before its repetitions are written out', pattern => {
  expect(parseSelector(`name(${pattern})`)).toMatchObject({ is: 'refused', problems: [{ message: expect.stringContaining('is no regular expression: its repetitions make it too large') }] })
})

describe('routes of groups', () => {
  const route = (path: string, weight: number): Route => ({ path, settings: inline({ metadata: {}, rewrites: [], weight, balance: 'leastconn' }) })
  const weights = (before: readonly Route[], groups: readonly string[]) => groupRoutes(before, groups).map(({ settings }) => settings.is === 'inline' ? settings.value.weight : undefined)

  test.each<[string, Route[], string[], number[]]>([
    ['the first of new groups takes everything', [], ['(a)', '(b)'], [100, 0]],
    ['known groups keep theirs, a new one takes what is left', [route('(a)', 30)], ['(a)', '(b)', '(c)'], [30, 70, 0]],
    ['a new one beside ones that have everything gets nothing', [route('(a)', 100)], ['(a)', '(b)'], [100, 0]],
    ['what a group that went away held goes to the others in proportion', [route('(a)', 20), route('(b)', 40), route('(c)', 40)], ['(a)', '(b)'], [33.33, 66.67]],
    ['nothing stays nothing', [route('(a)', 0)], ['(a)'], [0]],
  ])('%s', (_title, before, groups, expected) => {
    expect(weights(before, groups)).toEqual(expected)
  })

  test('settings stay', () => {
    expect(groupRoutes([route('(a)', 100)], ['(a)'])).toEqual([route('(a)', 100)])
  })
})
