/** What scripts can do, and what the worst of them cannot. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { constants, getPriority } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { parseArtifact } from '@vamp/model/parse/document'
import { afterAll, describe, expect, test } from 'vitest'
import { readManifest } from '../../../../tools/conformance-manifest.ts'
import { type Changes, describeRunner, fakeApi, ranOn, requestOf } from '../contract.ts'
import { openSandboxRunner, PROCESS_WALL } from './sandbox-runner.ts'

describeRunner('the sandbox', () => openSandboxRunner({ clock: systemClock, log: silent }))

describe('hostile scripts', () => {
  const runner = openSandboxRunner({ clock: systemClock, log: silent })
  afterAll(() => runner[Symbol.asyncDispose]())
  const run = (script: string, changes?: Changes) => ranOn(runner, requestOf(script, changes))
  const failed = (limit: string | undefined, reason: RegExp) => expect.objectContaining({ state: 'failed', ...(limit === undefined ? {} : { limit }), reason: expect.stringMatching(reason) })

  test.each([
    ['an endless loop', 'while (true) {}', 'cpu', /processor time/],
    ['one that catches what it can', 'for (;;) { try { for (;;) {} } catch {} }', 'cpu', /processor time/],
    ['endless promises', 'const again = () => Promise.resolve().then(again); again()', 'cpu', /processor time/],
    ['a memory bomb', 'const a = []; for (;;) a.push(new Uint8Array(100000))', 'memory', /16 MB/],
    ['a long text', 'let s = "x"; for (;;) s += s', 'memory', /16 MB/],
    ['deep recursion', 'const f = () => f() + 1; f()', 'stack', /too deeply/],
    ['a file', 'require("fs").readFileSync("/etc/passwd")', undefined, /'fs' is not there/],
    ['a file, as a module', 'import fs from "node:fs"\nexport default fs', undefined, /cannot be imported/],
    ['another program', 'require("child_process").fork("x")', undefined, /'child_process' is not there/],
    ['a way out of the language', 'console.log(constructor.constructor("return process")().binding("fs"))', undefined, /not a function/],
    ['a connection to elsewhere', 'await fetch("http://example.com/")', undefined, /example.com is not allowed/],
    ['a connection to another port of this machine', 'await fetch("http://127.0.0.1:1/")', undefined, /127.0.0.1:1 is not allowed/],
    ['a file by another scheme', 'await fetch("file:///etc/passwd")', undefined, /no http address/],
    ['a huge result', 'module.exports = "x".repeat(1000000)', undefined, /more than 65536 bytes/],
    ['ten thousand timers and more', 'for (let i = 0; i < 20000; i++) setTimeout(() => {}, 100000)', undefined, /10000 timers/],
  ] as const)('%s is contained, and the reason is clear', async (_, script, limit, reason) => {
    const { end } = await run(script, limit === 'cpu' ? { limits: { wallMs: 120_000, cpu: 0.001, memory: 64, burstMs: 300 } } : limit === 'memory' ? { limits: { wallMs: 120_000, cpu: 1, memory: 16, burstMs: 60_000 } } : {})
    expect(end).toEqual(failed(limit, reason))
  })

  // Whoever broke out of the language would be here.
  test.each([
    ['a forked process', 'require("child_process").fork("/tmp/x.js")'],
    ['another program', 'require("child_process").execSync("true")'],
    ['a file that is read', 'require("fs").readFileSync("/etc/passwd")'],
    ['a file that is written', 'require("fs").writeFileSync("/tmp/vamp-escaped", "x")'],
    ['a thread', 'new (require("worker_threads").Worker)("0", { eval: true })'],
    ['native code', 'process.dlopen({ exports: {} }, "/tmp/x.node")'],
  ])('%s: the process around a script may not', (_, code) => {
    const { status, stderr } = spawnSync(process.execPath, [...PROCESS_WALL, '-e', code], { encoding: 'utf8', env: {} })
    expect([status, /ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED/.exec(stderr)?.[0]]).toEqual([1, expect.any(String)])
    expect(existsSync('/tmp/vamp-escaped')).toBe(false)
  })

  test.runIf(process.platform === 'linux')('whoever computes for long gets only what nobody else wants, with every thread, and goes when it is done', async () => {
    await using own = openSandboxRunner({ clock: systemClock, log: silent, warm: 0 })
    const before = new Set(children())
    const running = own.start(requestOf('while (true) {}', { limits: { wallMs: 90_000, cpu: 1, memory: 64, burstMs: 60_000 } }), { printed: () => {} })
    const threads = () => children().filter(pid => !before.has(pid)).flatMap(pid => readdirSync(`/proc/${pid}/task`).map(thread => getPriority(Number(thread))))
    await expect.poll(() => [threads().length > 2, new Set(threads())], { timeout: 60_000, interval: 20 }).toEqual([true, new Set([constants.priority.PRIORITY_LOW])])
    running.stop('seen')
    expect((await running.ended).state).toBe('stopped')
    await expect.poll(() => children().filter(pid => !before.has(pid)), { timeout: 20_000 }).toEqual([])
  })

  test('a log flood becomes a number', async () => {
    const { end, lines, leftOut } = await run('for (let i = 0; i < 20000; i++) console.log("x".repeat(1500))', { limits: { wallMs: 110_000, cpu: 1, memory: 64 } })
    expect([end.state === 'succeeded' || end.limit === 'cpu', lines.length + leftOut <= 20_000, leftOut > 1000, Math.max(...lines.map(line => line.length)) <= 1001]).toEqual([true, true, true, true])
  })

  test('polluting what scripts share spoils the script\'s own run and no other', async () => {
    await run('Object.prototype.url = "x"; Array.prototype.map = null; JSON.stringify = () => "{}"; Promise.prototype.then = null; Object.freeze = x => x')
    const { end, lines } = await run('console.log([1, 2].map(x => x + 1), typeof Object.prototype.url); module.exports = JSON.stringify({ a: 1 })')
    expect([end.result, lines]).toEqual(['{"a":1}', ['[2,3] undefined']])
  })

  test('what comes out of the sandbox cannot pollute what is outside', async () => {
    const api = await fakeApi()
    const { end } = await run('import { vamp } from "@vamp/client/workflow"\nawait vamp.post("/events", JSON.parse(\'{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}\'))\nexport default JSON.parse(\'{"__proto__": {"polluted": true}}\')', { facts: { url: api.url } })
    api.close()
    expect([end.state, ({} as { polluted?: boolean }).polluted]).toEqual(['succeeded', undefined])
  })

  test('ten thousand events a second become what the API can take, without filling the memory', async () => {
    const api = await fakeApi()
    const script = 'import { vamp } from "@vamp/client/workflow"\nlet refused = 0; const all = []\nfor (let i = 0; i < 10000; i++) all.push(vamp.events.publish(["flood"], i).catch(() => { refused++ }))\nawait vamp.sleep(1); export default 1; setTimeout(() => { throw new Error("refused " + refused) }, 0)'
    const { end } = await run(script, { facts: { url: api.url }, limits: { wallMs: 110_000, cpu: 1, memory: 64 } })
    api.close()
    expect(end).toEqual(failed(undefined, /refused 8\d\d\d|refused 9\d\d\d/))
    expect(api.asked.length).toBeLessThan(1500)
  })

  test('hosts that the workflow names can be reached, and a redirect is no way around', async () => {
    const other = createServer((request, response) => { if (request.url === '/away') { response.writeHead(302, { location: 'http://127.0.0.1:1/' }); response.end() } else response.end('hello') })
    await new Promise<void>(resolve => { other.listen(0, '127.0.0.1', resolve) })
    const host = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const { end } = await run(`export default [await (await fetch("http://${host}/")).text(), (await fetch("http://${host}/away")).status]`, { hosts: [host] })
    other.close()
    expect(end.result).toEqual(['hello', 302])
  })

  test('the token is the host\'s secret', async () => {
    const api = await fakeApi()
    const { end } = await run('export default JSON.stringify([process.env, Object.keys(globalThis)])', { facts: { url: api.url }, token: 'vamp_secret' })
    api.close()
    expect(String(end.result)).not.toContain('vamp_secret')
  })
})

const children = () => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

const CORPUS = process.env['VAMP_CORPUS'] ?? new URL('../../../../../shared/corpus', import.meta.url).pathname

// Scripts of the original's documentation are data beside the project: without them there is nothing to run.
describe.skipIf(!existsSync(CORPUS))(`scripts of the original's documentation${existsSync(CORPUS) ? '' : ` (skipped: there is no corpus at ${CORPUS}; VAMP_CORPUS names another place)`}`, () => {
  test('each runs as it was written', async () => {
    await using runner = openSandboxRunner({ clock: systemClock, log: silent })
    const api = await fakeApi()
    const ran: [file: string, state: string][] = []
    for (const { file } of readManifest(CORPUS).filter(({ kind, file }) => kind === 'breed' && /application\/javascript/.test(readFileSync(join(CORPUS, file), 'utf8')))) {
      const parsed = parseArtifact('breeds', readFileSync(join(CORPUS, file), 'utf8'))
      const { end } = await ranOn(runner, requestOf(parsed.is === 'ok' ? parsed.value.deployable.definition : 'throw new Error("it is no breed")', { facts: { url: api.url } }))
      ran.push([file, end.reason ?? end.state])
    }
    api.close()
    expect(ran.length).toBeGreaterThan(0)
    expect(ran.filter(([, state]) => state !== 'succeeded')).toEqual([])
  })
})
