import { expect, test } from 'vitest'
import { externalAddress, isGatewayName, isName, isStrictName, pathSegments } from './name.ts'

test('a name has no white space, slash or bracket', () => {
  expect(['web:1.0', 'a.b', 'ünïcode', 'a b', 'a/b', 'a[b]', '', 'a\n'].map(isName)).toEqual([true, true, true, false, false, false, false, false])
})

test('a name can be written into an address and into a tag: no control characters, no dots alone, no endless ones', () => {
  expect(['a\u0001', 'a\u0000b', '\ud800', '😀', '.', '..', '...', '.a', 'x'.repeat(120), 'x'.repeat(121)].map(isName))
    .toEqual([false, false, false, true, false, false, true, true, true, false])
})

test('a strict name has no dot either', () => {
  expect(['web', 'web.1'].map(isStrictName)).toEqual([true, false])
})

test('a gateway has one to four segments, none of them empty', () => {
  expect(['a', 'a/9050', 'a/b/c/d', 'a/b/c/d/e', 'a//b', '/a', 'a/', ''].map(isGatewayName)).toEqual([true, true, true, false, false, false, false, false])
})

test('a route path is split into its segments unless it is an address', () => {
  expect(['a/b/c/d', '[10.0.0.1:80]', 'a b'].map(pathSegments)).toEqual([['a', 'b', 'c', 'd'], ['[10.0.0.1:80]'], undefined])
})

test('an external address has a host and a port', () => {
  expect(['[10.0.0.1:80]', '[example.org:443]', '[[::1]:80]', '[host:0]', '[host:70000]', '[host]', 'host:80', `[${'h'.repeat(254)}:80]`].map(externalAddress)).toEqual([
    { host: '10.0.0.1', port: 80 }, { host: 'example.org', port: 443 }, { host: '::1', port: 80 }, undefined, undefined, undefined, undefined, undefined,
  ])
})
