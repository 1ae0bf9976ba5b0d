/**
 * Conversations with the command line, as they are printed. Each `testdata/*.transcript` is run line by line against a server of its own;
 * `UPDATE=1` writes down what was said.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { describe, expect, test } from 'vitest'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import type { Io } from './io.ts'
import { run } from './run.ts'

const FOLDER = join(import.meta.dirname, 'testdata')
const UPDATE = Boolean(process.env['UPDATE'])
const DEADLINE_MS = 5000

describe.each(readdirSync(FOLDER).filter(name => name.endsWith('.transcript')))('%s', file => {
  test('is said as written', async () => {
    const written = readFileSync(join(FOLDER, file), 'utf8')
    await using server = await testServer(file.startsWith('tokens') ? { auth: 'on' } : {})
    const said: string[] = []
    const home = mkdtempSync(join(tmpdir(), 'vamp-transcript-'))
    for (const line of written.split('\n').filter(text => text.startsWith('$ ') || text.startsWith('#'))) said.push(line.startsWith('#') ? `${line}\n` 
      : await say(line, server, home))
    rmSync(home, { recursive: true })
    const got = said.join('\n')
    if (UPDATE) writeFileSync(join(FOLDER, file), got)
    expect(got).toBe(written)
  })
})

async function say(line: string, server: TestServer, home: string): Promise<string> {
  const words = (line.slice(2).match(/'[^']*'|\S+/g) ?? []).map(word => word.replaceAll(/^'|'$/g, ''))
  if (words[0] === 'status') await putStatus(server, words)
  if (words[0] === 'prints') server.machine.log(words[1] ?? '', words[2] ?? '', words[3] === 'stderr' ? 'stderr' : 'stdout')
  if (words[0] !== 'vamp') return `${line}\n`
  let text = ''
  const io = testIo(printed => { text += printed })
  const exit = await run(words.slice(1).map(word => word.endsWith('.yml') ? join(FOLDER, word) : word.replace('http://SERVER', server.url)), io, { VAMP_CONFIG: join(home, 'contexts.json'), ...(line.includes('context') ? {} : { VAMP_HOST: server.url }), ...(server.firstToken === undefined ? {} : { VAMP_TOKEN: server.firstToken }) })
  return `${line}\n${steady(text, server)}${exit === 0 ? '' : `[exit ${exit}]\n`}`
}

/** `$ status ready` is what the reconcilers would write meanwhile. */
async function putStatus({ store, fleet }: TestServer, [, what = '']: readonly string[]): Promise<void> {
  const since = new Date().toISOString()
  const services = [{ cluster: 'web', service: 'web:1.0', intention: 'Deployment' as const, phase: 'Done' as const, since }]
  const instance = (number: number) => ({ id: `shop-web-${number}`, cluster: 'web', service: 'web:1.0', host: '127.0.0.1', ports: { http: 21000 + number }, state: 'ready' as const, since })
  if (what === 'ready') {
    await store.put('deployment-statuses', 'shop', { name: 'shop', services, instances: [instance(1), instance(2)] })
    for (const [name, port, route] of [['shop/9050', 9050, 'shop/web/http'], ['shop/web/http', 33000, 'shop/web/web:1.0/http']] as const) await store.put('gateway-statuses', name, { name, deployed: true, port, desired: { [route]: 100 }, acknowledged: { [route]: 100 } })
    fleet.join('local').report({ agent: 'local', driver: 'memory', acknowledged: 1, endpoints: [1, 2].map(number => ({ id: instance(number).id, state: 'ready', connections: 0 })), shares: [], reloads: 0 })
  }
  if (what === 'failed') await store.put('deployment-statuses', 'shop', { name: 'shop', services: [{ cluster: 'web', service: 'web:1.0', intention: 'Deployment', phase: 'Failed', since, notification: '0 of 2 ready; shop-web-1 exited with code 1' }], instances: [{ ...instance(1), state: 'failed', reason: 'exited with code 1' }] })
  if (what === 'lost') await store.put('gateway-statuses', 'front', { name: 'front', deployed: true, port: 9055, desired: {}, acknowledged: {}, problem: "Route 'shop/web/wep:1.0/http' leads to no service." })
  if (what === 'rolled-back') await store.put('release-statuses', 'shop-web-web-1.1', {
    name: 'shop-web-web-1.1', deployment: 'shop', cluster: 'web', from: 'web:1.0', to: 'web:1.1', phase: 'rolled_back', since, started: since, ended: since, weight: 0, verdict: 'rolled_back',
    sentence: 'Rolled back after 4 s. The new version failed 5 of 66 requests; the old version, in the same seconds, 0 of as many.', next: 'Version web:1.1 is gone.',
    evidence: [{ metric: 'error_rate', finding: 'worse', harm: 634.2, safety: 0.1, baseline: 0, canary: 0.0758, sentence: 'The new version failed 5 of 66 requests.' }, { metric: 'latency_p99', finding: 'undecided', harm: 1, safety: 2.34, baseline: 48.1, canary: 9.61, sentence: '' }],
    post_mortem: {
      printed: [{ instance: 'shop-web-3', service: 'web:1.1', lines: [1, 2, 3, 4, 5, 6].map(number => ({ timestamp: since, stream: number === 6 ? 'stderr' as const : 'stdout' as const, line: number === 6 ? 'TypeError: cart is undefined' : `GET /cart ${number}` })) }],
    },
    harm: 317.6, requests: { baseline: 393, canary: 66 }, failed: { baseline: 0, canary: 5 }, failures: { baseline: [], canary: [{ requests: 4, status: 500, method: 'GET', path: '/cart' }, { requests: 1, status: 504, ending: 'timeout', method: 'GET', path: '/' }] }, excess: 5, budget: { spent: 5, total: 200 }, judged_until: 0, judge: null,
  })
}

function testIo(print: (text: string) => void): Io {
  const ending = new AbortController()
  const deadline = Date.now() + DEADLINE_MS
  return {
    out: print, err: print, stdin: async () => '', columns: 100, rows: 24, terminal: false, colours: createColors(false), signal: ending.signal,
    now: () => Date.now(),
    async sleep() { if (Date.now() > deadline) ending.abort(new Error('too long')) },
  }
}

/** What differs from run to run stands as what it is. */
function steady(text: string, { url }: TestServer): string {
  return text.replaceAll(url, 'http://SERVER').replaceAll(FOLDER, '.').replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}Z)?/g, 'MOMENT').replaceAll(/\b\d{1,2}s\b(?= ago|$|,| {2})/gm, 'Ns')
    .replaceAll(/vamp_[\w-]{40,}/g, 'SECRET').replaceAll(/\b[0-9a-f]{64}\b/g, 'DIGEST').replaceAll(/^id: [0-9a-f]{16}$/gm, 'id: ID')
}
