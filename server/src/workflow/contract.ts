/** What every runner of scripts does. Its files are `*.live.test.ts`: scripts run in processes. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WorkflowFacts } from '@vamp/client/workflow-host'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunEnd, Runner, RunRequest } from './runner.ts'

export interface Ran { readonly end: RunEnd; readonly lines: readonly string[]; readonly leftOut: number }

/** Runs one script to its end. */
export async function ranOn(runner: Runner, request: RunRequest, meanwhile?: (stop: (reason: string) => void, lines: readonly string[]) => void): Promise<Ran> {
  const lines: string[] = []
  let leftOut = 0
  const running = runner.start(request, { printed: (more, missing) => { lines.push(...more.map(({ line }) => line)); leftOut += missing; meanwhile?.(reason => running.stop(reason), lines) } })
  const end = await running.ended
  return { end, lines, leftOut }
}

export type Changes = Omit<Partial<RunRequest>, 'facts'> & { readonly facts?: Partial<WorkflowFacts> }

export function requestOf(script: string, changes: Changes = {}): RunRequest {
  return {
    script, language: 'javascript', limits: { wallMs: 60_000, cpu: 0.5, memory: 64 }, hosts: [], ...changes,
    facts: { url: 'http://127.0.0.1:9', namespace: 'default', workflow: 'w', run: 'r1', key: 'w:test:1', attempt: 1, dry: false, environment: { COLOUR: 'green' }, ...changes.facts },
  }
}

/** An API that knows two gateways and remembers what it was asked. */
export interface FakeApi { readonly url: string; readonly asked: string[]; close(): void }

export async function fakeApi(): Promise<FakeApi> {
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', data => { body += String(data) })
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}${body === '' ? '' : ` ${body}`}${request.headers.authorization ? ' authorized' : ''}`)
      const path = (request.url ?? '').replace(/^\/default/, '').split('?')[0]
      const page = new URL(request.url ?? '/', 'http://x').searchParams.get('page')
      response.setHeader('content-type', 'application/json')
      if (path === '/api/v1/gateways') response.end(page === '2' ? '[]' : JSON.stringify([{ name: 'a' }, { name: 'b' }]))
      else if (path === '/api/v1/broken') { response.statusCode = 404; response.end(JSON.stringify({ message: 'There is no such thing.', code: 'not_found' })) }
      else response.end(JSON.stringify({ message: 'hi', path }))
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close: () => server.close() }
}

export function describeRunner(name: string, open: () => Runner): void {
  describe(name, () => {
    let runner: Runner
    let api: FakeApi
    beforeAll(async () => { runner = open(); api = await fakeApi() })
    afterAll(async () => { await runner[Symbol.asyncDispose](); api.close() })
    const run = (script: string, changes: Changes = {}) => ranOn(runner, requestOf(script, { ...changes, facts: { url: api.url, ...changes.facts } }))

    test('what a script prints comes in order, and what it gives back is its result', async () => {
      const { end, lines } = await run('console.log("one"); console.log("two", { a: 1 })\nmodule.exports = { answer: 42 }')
      expect([end.state, end.result, lines[0]]).toEqual(['succeeded', { answer: 42 }, 'one'])
      expect(lines).toHaveLength(2)
    })

    test('a module with a function gets the event, its environment and its key', async () => {
      const { end } = await run('import { vamp } from "@vamp/client/workflow"\nexport default async event => ({ event, colour: vamp.env.COLOUR, key: vamp.key, attempt: vamp.attempt })', { facts: { event: { tags: ['a'] } } })
      expect(end).toEqual(expect.objectContaining({ state: 'succeeded', result: { event: { tags: ['a'] }, colour: 'green', key: 'w:test:1', attempt: 1 } }))
    })

    test('TypeScript runs as it is', async () => {
      const { end } = await run('interface A { n: number }\nconst a: A = { n: 7 }\nexport default a.n satisfies number', { language: 'typescript' })
      expect(end).toEqual(expect.objectContaining({ state: 'succeeded', result: 7 }))
    })

    test('the API is asked with the workflow\'s token, and what it refuses is thrown', async () => {
      const { end, lines } = await run('import { vamp } from "@vamp/client/workflow"\nconst found = await vamp.gateways.list()\ntry { await vamp.get("/broken") } catch (error) { vamp.log(error.status, error.code, error.message) }\nexport default found.map(({ name }) => name)', { token: 'secret' })
      expect([end.result, lines]).toEqual([['a', 'b'], ['404 not_found GET /broken: There is no such thing.']])
      expect(api.asked.some(line => line.includes('/gateways') && line.endsWith('authorized'))).toBe(true)
    })

    test('a script of the original runs as it was written', async () => {
      const script = `
        'use strict';
        const _ = require('highland');
        const vamp = require('vamp-node-client');
        const api = new vamp.Api();
        const logger = new vamp.Log();
        api.get('/gateways').map(gateway => gateway.name).collect().each(names => {
          logger.log('gateways: ' + names.join(','));
          api.event(['a', 'b:c'], 1, 'health').each(() => logger.log('told'));
        });
        _([1, 2, 3]).map(x => x * 2).toArray(all => logger.log(JSON.stringify(all)));`
      const { end, lines } = await run(script)
      expect(end).toEqual(expect.objectContaining({ state: 'succeeded' }))
      expect([...lines].sort()).toEqual(['[2,4,6]', 'gateways: a,b', 'told'])
      expect(api.asked.some(line => line.startsWith('POST') && line.includes('/events') && line.includes('"b:c"'))).toBe(true)
    })

    test('what is thrown is the reason, also by a timer and by a promise', async () => {
      expect((await run('throw new TypeError("no good")')).end).toEqual(expect.objectContaining({ state: 'failed', reason: expect.stringContaining('no good') }))
      expect((await run('export default async () => { await null; throw new Error("later") }')).end).toEqual(expect.objectContaining({ state: 'failed', reason: expect.stringContaining('later') }))
      expect((await run('this is no script')).end).toEqual(expect.objectContaining({ state: 'failed', reason: expect.stringContaining('SyntaxError') }))
    })

    test('a mistake is told with its place in the script, and a forgotten import with what to write', async () => {
      expect((await run('const a = 1; vamp.log(a)')).end).toEqual(expect.objectContaining({ state: 'failed', reason: expect.stringMatching(/^ReferenceError: '?vamp'? is not defined \(at .*script:1:14\)+: the script begins with import \{ vamp \} from '@vamp\/client\/workflow'$/) }))
      expect((await run('const a = 1\nconst b: = 2', { language: 'typescript' })).end).toEqual(expect.objectContaining({ state: 'failed', reason: expect.stringMatching(/^SyntaxError: Unexpected token .* \(script:2:10\)$/) }))
    })

    test('timers keep it going until the last one', async () => {
      const { end, lines } = await run('let n = 0; const t = setInterval(() => { console.log(++n); if (n === 3) clearInterval(t) }, 10)')
      expect([end.state, lines]).toEqual(['succeeded', ['1', '2', '3']])
    })

    test('it ends when its time is over, and when it is told to', async () => {
      expect((await run('setInterval(() => {}, 10)', { limits: { wallMs: 1500, cpu: 0.5, memory: 64 } })).end).toEqual(expect.objectContaining({ state: 'failed', limit: 'time' }))
      expect((await ranOn(runner, requestOf('console.log("here"); setInterval(() => {}, 10)'), stop => stop('enough'))).end).toEqual({ state: 'stopped', reason: 'enough' })
    })

    test('a dry run reads, and only tells what it would write', async () => {
      const before = api.asked.length
      const { lines } = await run('import { vamp } from "@vamp/client/workflow"\nawait vamp.gateways.list()\nawait vamp.events.publish(["a"], 1)', { facts: { dry: true } })
      expect(lines.join('\n')).toContain('would POST /api/v1/events')
      expect(api.asked.slice(before).filter(line => line.startsWith('POST'))).toEqual([])
    })
  })
}
