/** HAProxy's answer to a condition is the model's, and no text in a table is ever more than text. */
import { FULL_SHARE } from '@vamp/model/routing/table'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { ConditionNode } from '@vamp/model/condition'
import { expressionPieces } from '@vamp/model/condition/path-expression'
import { matches } from '@vamp/model/condition/matches'
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractGateway } from '../testdata/contract-world.ts'
import { writeSide } from './files.ts'
import { compact, EMPTY, layOut } from './layout.ts'
import { findBinary } from './process.ts'
import { successors } from './frontend.ts'
import { render } from './render.ts'
import { haproxyWorld } from './testdata/harness.ts'
import type { HaproxyWorld } from './testdata/harness.ts'

const word = fc.constantFrom('a', 'b', 'ab', 'x y', 'x-beta', '1.0', '(', '.*', 'Chrome', 'é', '#', ';', '\\', '"', "'")
const name = fc.constantFrom('x-beta', 'X-User', 'a', 'id')
const agents = ['Mozilla Chrome/1 Safari', 'Firefox', 'Version/9 Safari', 'Android Mobi', 'Android', 'iPad', 'Googlebot', 'x']
const operand: fc.Arbitrary<ConditionNode> = fc.oneof(
  fc.constantFrom<ConditionNode>({ is: 'true' }, { is: 'false' }, { is: 'header', name: 'X-Beta' }, { is: 'cookie', name: 'id' }),
  fc.record({ is: fc.constant('host' as const), value: fc.constantFrom('shop.example', 'SHOP.example', 'shop.example:80', 'hop.example', 'other') }),
  fc.record({ is: fc.constant('user_agent' as const), value: fc.constantFrom('chrome', 'Safari', 'firefox', 'ie', 'Android') }),
  fc.record({ is: fc.constantFrom('header_contains' as const, 'header_is' as const, 'cookie_contains' as const, 'cookie_is' as const), name, value: fc.oneof(word, fc.constant(';')) }),
  fc.record({ is: fc.constant('path' as const), match: fc.constantFrom('is' as const, 'begins' as const, 'contains' as const), value: fc.constantFrom('/', '/a', '/a/b', 'b', '/a.b') }),
  fc.record({ is: fc.constant('path' as const), match: fc.constant('matches' as const), value: fc.constantFrom('^/a', 'b$', '^/$', 'a|b', '[^a]+b', '\\.b', '^/a/?b', '/a\\sb') }),
  fc.record({ is: fc.constant('method' as const), value: fc.constantFrom('get', 'POST') }),
  fc.record({ is: fc.constant('ip' as const), network: fc.constantFrom('127.0.0.0/8', '127.0.0.1', '126.0.0.0/7', '10.0.0.0/8', '128.0.0.0/1', '0.0.0.0/0', '127.0.0.2/31', '::1', '2001:db8::/32') }),
  fc.record({ is: fc.constant('device' as const), value: fc.constantFrom('mobile', 'tablet', 'desktop', 'bot') }),
)
const condition = fc.letrec<{ node: ConditionNode }>(tie => ({
  node: fc.oneof({ maxDepth: 3 }, { arbitrary: operand, weight: 2 },
    { arbitrary: fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: tie('node'), right: tie('node') }), weight: 2 },
    { arbitrary: fc.record({ is: fc.constant('not' as const), operand: tie('node') }), weight: 1 }),
})).node
const value = fc.constantFrom('a', 'b', 'ab', 'x y', '1.0', '.*', '(', '#', '"', '\\', "'")
const request = fc.record({
  method: fc.constantFrom('GET', 'POST'), path: fc.constantFrom('/', '/a', '/a/b', '/a.b', '/b', '/a%20b'),
  headers: fc.record({
    host: fc.constantFrom('shop.example', 'Shop.Example:80', 'other'), 'user-agent': fc.constantFrom(...agents),
    'x-beta': value, 'x-user': value, cookie: fc.constantFrom('id=a', 'x=1; id=ab', 'id=a; a=b', 'idx=a', 'a="; id=b', 'id=1.0;a=.*'),
  }, { requiredKeys: ['host'] }),
})

/** Any text that the language takes as an expression. */
const times = fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,3}?', '{2,}')
const piece = fc.constantFrom('a', 'b', '/', ' ', '%20', '#', '"', "'", ';', '.', '\\.', '\\/', '\\ ', '\\#', '\\\\', '\\n', '\\x61', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '[ab]', '[^ab]', '[a-b/]', '[^/]', '[-b]', '[^-b]', '[b-]', '[\\]\\[a]', '[\\W]', '[\\\\n]', '[[:alpha:]]', '[^[:^alpha:]]', '[[:space:]a]', '[ #]', '[^\\n]', '[^^]')
const placed = fc.constantFrom('^', '$', '\\b', '\\B', '')
const expression = fc.letrec<{ part: string; whole: string }>(tie => ({
  part: fc.oneof({ maxDepth: 3 }, { weight: 5, arbitrary: fc.tuple(piece, times).map(parts => parts.join('')) }, { weight: 1, arbitrary: placed },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('(', '(?:', '(?i:'), tie('whole'), fc.constant(')'), times).map(parts => parts.join('')) }),
  whole: fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: fc.array(tie('part'), { maxLength: 4 }).map(parts => parts.join('')) }, { weight: 1, arbitrary: fc.tuple(tie('whole'), fc.constant('|'), tie('whole')).map(parts => parts.join('')) }),
})).whole.chain(text => fc.constantFrom(text, `^${text}`, `${text}$`, `^/${text}$`, `(?i)${text}`)).filter(text => text !== '' && typeof expressionPieces(text) !== 'string')
const paths = fc.array(fc.constantFrom('a', 'b', 'A', 'B', '/', '.', '-', '^', '[', ']', '\\', '#x', '%20', '1', '_', '"', "'", ';', 'n', ':i'), { maxLength: 7 }).map(parts => `/${parts.join('')}`.replace(/#x.*/, 'x'))

describe.skipIf(findBinary() === undefined)('conditions in HAProxy', () => {
  let world: HaproxyWorld
  beforeAll(async () => { world = await haproxyWorld() })
  afterAll(async () => { await world.close() })

  test('a request matches where the model says that it does', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    let revision = 0
    await fc.assert(fc.asyncProperty(condition, fc.array(request, { minLength: 6, maxLength: 6 }), async (node, requests) => {
      await world.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, {
        a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: node, to: [two] },
      })] })
      for (const { method, path, headers } of requests) {
        const { instance } = await world.request(port, { method, path, headers })
        const expected = matches(node, { method, path, headers: { connection: 'keep-alive', ...headers }, ip: '127.0.0.1' })
        expect(instance, JSON.stringify([node, method, path, headers])).toBe(expected === true ? 'two' : 'one')
      }
    }), { numRuns: 150 })
  })

  test('an expression means the same in both, whatever the language takes', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    let revision = 2_000
    await fc.assert(fc.asyncProperty(expression, fc.boolean(), fc.array(paths, { minLength: 8, maxLength: 8 }), async (value, positive, examined) => {
      const own: ConditionNode = { is: 'path', match: 'matches', value }
      const node: ConditionNode = positive ? own : { is: 'not', operand: own }
      await world.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, {
        a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: node, to: [two] },
      })] })
      for (const path of examined) {
        const { instance } = await world.request(port, { path, headers: { host: 'a', 'x-a': 'b/a' } })
        const expected = matches(node, { method: 'GET', path, headers: { host: 'a' }, ip: '127.0.0.1' })
        expect(instance, JSON.stringify([node, path])).toBe(expected === true ? 'two' : 'one')
      }
    }), { numRuns: Number(process.env['RUNS'] ?? 300) })
  })

  test('no path that is made for an expression keeps HAProxy', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('k1'), await world.backend('k2')]
    let revision = 10_000
    for (const value of ['^/(a|bc?)+$', 'a.*a.*a.*b', '[^b]*[^b]*[^b]*c', 'a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a{22}b', '(.*?|\\w[^b])(\\w|\\w)[^/][ab]\\D(\\D|[ab])\\w*b']) {
      await world.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: { is: 'path', match: 'matches', value }, to: [two] } })] })
      for (const length of [40, 300, 6_000]) {
        const began = performance.now()
        expect((await world.request(port, { path: `/${'a'.repeat(length)}!` })).instance).toBe('k1')
        expect(performance.now() - began, `${value} over ${length}`).toBeLessThan(1_000)
      }
    }

    await world.proxy.apply({ revision: ++revision, gateways: [contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] } }, { policy: { redirect: { to: '/elsewhere', status: 302, condition: 'path matches "a.*a.*a.*[b#] ?\\d"' } } })] })
    expect((await world.request(port, { path: `/${'a'.repeat(6_000)}!` })).status).toBe(200)
    expect((await world.request(port, { path: '/a/a/a/b1' })).status).toBe(302)
  })

  test('the largest expressions that are taken are not too large for HAProxy', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('l1'), await world.backend('l2')]
    const part = (end: string): ConditionNode => ({ is: 'path', match: 'matches', value: `^/(?:[^/]\\d[^a]){80}${end}$` })
    const node: ConditionNode = { is: 'or', left: { is: 'or', left: part('a'), right: part('b') }, right: { is: 'or', left: part('c'), right: part('d') } }
    await world.proxy.apply({ revision: 20_000, gateways: [contractGateway('large', port, { a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: node, to: [two] } })] })
    expect((await world.request(port, { path: `/${'x1x'.repeat(80)}d` })).instance).toBe('l2')
    expect((await world.request(port, { path: `/${'x1x'.repeat(80)}e` })).instance).toBe('l1')
  })

  test('the country is that of the longest network in the file', async () => {
    const directory = mkdtempSync('/tmp/vamp-countries-')
    writeFileSync(`${directory}/countries.csv`, '127.0.0.0/8,FR\n127.0.0.1/32,GB\n')
    const british = await haproxyWorld({ countries: `${directory}/countries.csv` })
    try {
      const [port, one, two] = [await british.freePort(), await british.backend('one'), await british.backend('two')]
      const answer = async (country: string) => {
        await british.proxy.apply({ revision: 1, gateways: [contractGateway('shop', port, { a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: { is: 'country', value: country }, to: [two] } })] })
        return (await british.request(port)).instance
      }
      expect([await answer('gb'), await answer('FR')]).toEqual(['two', 'one'])
    } finally {
      await british.close()
      rmSync(directory, { recursive: true })
    }
  })

  test('raw ACLs count together with the rest of a condition', async () => {
    const [port, one, two] = [await world.freePort(), await world.backend('r1'), await world.backend('r2')]
    const node: ConditionNode = { is: 'and', left: { is: 'raw', acl: "hdr_sub(x-a) 'b c'" }, right: { is: 'not', operand: { is: 'raw', acl: 'path_reg \\.php$' } } }
    await world.proxy.apply({ revision: 999, gateways: [contractGateway('raw', port, { a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: { is: 'raw', acl: 'path_reg (x|y)\\.php' }, to: [two] } })] })
    expect((await world.request(port, { path: '/y.php' })).instance).toBe('r2')
    await world.proxy.apply({ revision: 1_000, gateways: [contractGateway('raw', port, { a: { weight: FULL_SHARE, to: [one] }, b: { strength: FULL_SHARE, condition: node, to: [two] } })] })

    expect((await world.request(port, { headers: { 'x-a': 'a b cd' } })).instance).toBe('r2')
    expect((await world.request(port, { headers: { 'x-a': 'bc' } })).instance).toBe('r1')
    expect((await world.request(port, { path: '/x.php', headers: { 'x-a': 'a b cd' } })).instance).toBe('r1')
    expect((await world.request(port, { path: '/xphp', headers: { 'x-a': 'a b cd' } })).instance).toBe('r2')
  })
})

describe.skipIf(findBinary() === undefined)('hostile tables', () => {
  const hostile = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(
    'a\n  server evil 1.2.3.4:80', "x' \n#", 'a;shutdown frontend g1', '\\', '"', '$' + '{HOME}', '$(id)', '} or {', '%[env(HOME)]', ' -f /etc/passwd', 'a b', 'é\u2028', '\u0000',
  ))
  const node: fc.Arbitrary<ConditionNode> = fc.oneof(
    fc.record({ is: fc.constantFrom('host' as const, 'user_agent' as const, 'method' as const), value: hostile }),
    fc.record({ is: fc.constantFrom('header' as const, 'cookie' as const), name: hostile }),
    fc.record({ is: fc.constantFrom('header_contains' as const, 'cookie_is' as const), name: hostile, value: hostile }),
    fc.record({ is: fc.constant('path' as const), match: fc.constantFrom('is' as const, 'begins' as const, 'contains' as const), value: hostile }),
  )
  const table: fc.Arbitrary<RoutingTable> = fc.array(fc.record({
    name: hostile, path: hostile, id: hostile, host: hostile, cookie: hostile, node, weight: fc.integer({ min: 0, max: FULL_SHARE }),
    mode: fc.constantFrom('http' as const, 'tcp' as const), sticky: fc.constantFrom('none' as const, 'route' as const, 'instance' as const),
  }), { minLength: 1, maxLength: 4 }).map(gateways => ({
    revision: 1, virtual_hosts: { address: '127.0.0.1', port: 8_999 },
    gateways: gateways.map(({ name, path, id, host, cookie, node: condition, weight, mode, sticky }, index) => ({
      ...contractGateway(`${name}${index}`, 9_000 + index, {}, { mode, sticky, virtual_hosts: [host], split: { by: 'cookie', name: cookie } }), lookup_name: name,
      routes: [{ path, lookup_name: path, weight, strength: FULL_SHARE, rewrites: [], condition, target: { is: 'endpoints', endpoints: [{ id, host: '127.0.0.1', port: 80, state: 'ready' }] } }],
    })),
  }))

  test('whatever names and values a table has, HAProxy takes the configuration, and it says no more than it should', async () => {
    const directory = mkdtempSync('/tmp/vamp-hostile-')
    await fc.assert(fc.asyncProperty(table, async input => {
      const layout = compact(layOut(EMPTY, input))
      const files = render(layout, { maps: `${directory}/a`, adminSocket: `${directory}/admin.sock`, tickSocket: `${directory}/tick.sock`, waitingSocket: `${directory}/waiting.sock`, secret: 'a1', hardStopSeconds: 60 })
      const config = await writeSide(directory, 'a', files)
      const output = execFileSync(findBinary() ?? '', ['-c', '-f', config], { stdio: 'pipe', env: {} }).toString()
      expect(output).not.toMatch(/ALERT|WARNING/)
      // As many servers, frontends and backends as there are in the layout, whatever the texts say.
      expect(files.config.match(/^ {2}server b?/gm)?.length).toBe(input.gateways.length + successors('a1').length)
      expect(files.config.match(/^frontend /gm)?.length).toBe(input.gateways.length + 2)
    }), { numRuns: 60 })
    rmSync(directory, { recursive: true })
  })
})
