import { expect, test } from 'vitest'
import { type MatchedRequest, matches, type Truth } from './matches.ts'
import { parseCondition } from './parse.ts'

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17.0 Mobile Safari/604.1'
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36'
const request: MatchedRequest = {
  method: 'GET', path: '/shop/checkout', ip: '10.1.2.3',
  headers: { host: 'Shop.example:8080', 'user-agent': IPHONE, cookie: 'plan=gold; session=a=b', 'x-country': 'GBR' },
}

function truth(text: string, changes: Partial<MatchedRequest> = {}): Truth {
  const parsed = parseCondition(text)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return matches(parsed.value, { ...request, ...changes })
}

test.each<[string, Truth]>([
  ['host is shop.example', true], ['host is shop.example:8080', true], ['host is shop.example:80', false],
  ['user-agent is Safari', true], ['user-agent is Chrome', false], ['user-agent is iphone', false],
  ['has header X-Country', true], ['has header constructor', false], ['misses header x-other', true],
  ['header x-country has GB', true], ['header x-country is GB', false], ['header x-country is GBR', true],
  ['has cookie plan', true], ['has cookie pla', false], ['cookie session has a=b', true], ['cookie plan is gold', true], ['cookie plan misses silver', true],
  ['path is /shop/checkout', true], ['path begins /shop', true], ['path contains check', true], ['path matches "^/shop/[a-z]+$"', true], ['path is /shop', false],
  ['method is GET', true], ['ip in 10.0.0.0/8', true], ['ip in 10.1.2.4', false], ['device is mobile', true], ['device is desktop', false],
])('%s: %s', (text, expected) => {
  expect(truth(text)).toBe(expected)
  expect(truth(`not ${/^(has|misses)/.test(text) ? `(${text})` : text}`)).toBe(!expected)
})

test('Safari is not Chrome, although Chrome says so', () => {
  expect(truth('user-agent is Safari', { headers: { 'user-agent': CHROME } })).toBe(false)
})

test('a tablet with Android is no mobile', () => {
  const headers = { 'user-agent': 'Mozilla/5.0 (Linux; Android 13; SM-X200) Chrome/120.0 Safari/537.36' }
  expect([truth('device is tablet', { headers }), truth('device is mobile', { headers })]).toEqual([true, false])
})

test('what only HAProxy can tell is unknown, unless the rest decides', () => {
  expect([truth('<path_beg /x>'), truth('not <path_beg /x>'), truth('<path_beg /x> and false'), truth('<path_beg /x> or true'), truth('<path_beg /x> or false')])
    .toEqual(['unknown', 'unknown', false, true, 'unknown'])
})

test('the country is unknown until somebody has looked it up', () => {
  expect([truth('country is GB'), truth('country is GB', { country: 'gb' }), truth('country is GB', { country: 'NL' })]).toEqual(['unknown', true, false])
})
