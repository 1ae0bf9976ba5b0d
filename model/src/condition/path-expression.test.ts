import { expect, test } from 'vitest'
import { EXPRESSION_SIZE_MAX, expressionMatches, expressionPieces, expressionSize } from './path-expression.ts'

test.each<[string, string, boolean]>([
  ['^/shop/[a-z]+$', '/shop/checkout', true], ['^/shop/[a-z]+$', '/shop/Checkout', false], ['(?i)^/SHOP', '/shop', true], ['/(?i:A)b', '/ab', true], ['/(?i:a)b', '/aB', false],
  ['^/v\\d+/', '/v12/x', true], ['\\.php$', '/a.php', true], ['\\.php$', '/a.php5', false], ['^/(?:a|b)/c{2,3}$', '/b/ccc', true], ['[[:digit:]]', '/a1', true], ['^/[^-a]$', '/-', false],
])('%s on %s: %j', (text, path, expected) => {
  expect(expressionMatches(text, path)).toBe(expected)
})

test.each<[string, RegExp]>([
  ['(', /missing closing \)/], ['a)', /unexpected \)/], ['[z-a]', /invalid character class range/], ['a{1001}', /invalid repeat count/], ['*a', /nothing that '\*' could repeat/],
  ['[^]', /missing closing \]/], ['[]', /missing closing \]/], ['[]a]', /written '\\\]'/], ['[a', /is not read the same/], ['{', /written '\\\{'/], ['a{,3}', /written '\\\{'/],
  ['(a)\\1', /refers back/], ['(?=a)', /looks around/], ['(?!a)', /looks around/], ['(?<=a)b', /looks around/], ['(?<n>a)', /not read the same/], ['(?>a)', /not read the same/], ['a(?i)b', /not read the same/],
  ['a++', /nothing that '\+' could repeat/], ['a**', /nothing that/], ['^*', /nothing that/], ['\\b+', /nothing that/],
  ['\\pL', /not read the same/], ['\\v', /not read the same/], ['\\Qa\\E', /not read the same/], ['\\u0041', /not read the same/], ['\\07', /not read the same/], ['[\\d-z]', /not read the same/], ['\\', /not read the same/],
  ['é', /as %C3%A9/], ['a'.repeat(1001), /longer than 1000/], ['a{200}b{200}', /too large/], [`${'('.repeat(60)}a${')'.repeat(60)}`, /nested more than 50/],
])('%s is refused', (text, reason) => {
  expect(expressionPieces(text)).toMatch(reason)
})

test.each(['^/(a+)+$', '(a*)*b', '(a|aa)+$', '(x+x+)+y', '(a|a)*', '(a?){30}a{30}', '(.{0,3}a)*', '((a|)*)*', '(()|a|a)*', '((|a)*b)*', '(?i)(a|A)*', '([a-z]+-?)*', '(foo|bar|foobar)+', '((){1,2}a)+'])('%s could be divided in ever more ways', text => {
  expect(expressionPieces(text)).toMatch(/in too many ways/)
})

test.each(['(/[a-z]+)*$', '^/(?:[^/]+/)*edit$', '(\\d{1,3}\\.){3}\\d{1,3}', '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '(a|b|c)*', '(a|A)*', 'a.*b.*c', '(ab?)+', '^(/[^/]*)+$', '((/[a-z]+)?/\\d+)*', '(a{3}){4}', `(${Array.from({ length: 60 }, (_, each) => `w${each}`).join('|')})*`])('%s is taken', text => {
  expect(expressionPieces(text)).toBeInstanceOf(Array)
})

test('no expression that is taken needs more time than in proportion to the path', () => {
  const path = `/${'a'.repeat(16_000)}!`
  const began = performance.now()
  for (const text of ['^/(a|bc?)+$', 'a.*a.*a.*b', 'a*a*a*a*b', 'a?a?a?a?a?a?a?a?a?a?a{10}b', '(.*a.{12})x']) expect(expressionMatches(text, path), text).toBe(false)
  // One way after the other would take days.
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('the size is that of the repetitions written out', () => {
  expect(expressionSize('a{100}')).toBeGreaterThanOrEqual(100)
  expect(expressionSize('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')).toBeLessThan(EXPRESSION_SIZE_MAX)
})

test('what is put together from pieces is the expression', () => {
  const pieces = expressionPieces('^/a\\.[^b ]{2,}?(?i:x|\\d)$')
  expect(typeof pieces === 'string' ? pieces : pieces.map(({ is, text }) => `${is} ${text}`)).toEqual([
    'place ^', 'text /', 'text a', 'text \\.', 'class [^b ]', 'times {2,}?', 'open (?i:', 'text x', 'or |', 'class \\d', 'close )', 'place $',
  ])
})
