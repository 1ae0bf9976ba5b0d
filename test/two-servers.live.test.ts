/** Two servers on one PostgreSQL: one leads, the other passes on and takes its place. Real programs, killed and stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { startVisitors } from '@vamp/cli/demo/visitors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PostgresCluster, postgresBinaries, startPostgres } from '../bench/evidence/postgres-cluster.ts'
import { exited, kill, openApart, until } from './apart.ts'
import { freePort } from './links/programs.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PER_SECOND = 60
let cluster: PostgresCluster

interface Server { readonly child: ChildProcess; readonly url: string; readonly said: () => string }

async function start(database: string, directory: string): Promise<Server> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', directory, '--database', database, '--gateway', 'none', '--containers', 'memory'], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += String(data) })
  await until('the server runs', () => said.includes('Vamp runs at') || child.exitCode !== null)
  return { child, url: `http://127.0.0.1:${port}`, said: () => said }
}

async function ask({ url }: Server, path: string, body?: object): Promise<Response> {
  return fetch(`${url}/api/v1${path}`, { signal: AbortSignal.timeout(5000), ...(body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}) })
}

const scale = (name: string, cpu = 1) => ({ name, cpu, memory: '1MB', instances: 1 })
const takes = (server: Server, name: string) => async () => (await ask(server, '/scales', scale(name))).status === 201

describe.skipIf(!postgresBinaries())('two servers on one PostgreSQL', () => {
  beforeAll(async () => { cluster = await startPostgres() })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('one leads and the other passes on; what was acknowledged survives a leader that is killed, and one that is stopped and comes back writes nothing', { timeout: 120_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vamp-two-'))
    const database = cluster.create()
    const servers: Server[] = []
    try {
      const [a, b] = [await start(database, join(directory, 'a')), await start(database, join(directory, 'b'))]
      servers.push(a, b)
      expect(b.said()).toContain(`follows the server at ${a.url}`)
      const passed = await ask(b, '/scales', scale('through-b'))
      expect([passed.status, passed.headers.get('x-vamp-leader'), (await ask(b, '/scales/through-b')).status, (await ask(b, '/health/ready')).status]).toEqual([201, a.url, 200, 200])
      const stream = await ask(b, '/events/stream')
      expect(stream.headers.get('content-type')).toContain('text/event-stream')
      await stream.body?.cancel()

      await kill(a.child)
      const refused = await ask(b, '/scales', scale('too-early'))
      expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([503, '12', expect.objectContaining({ code: 'not_leader' })])
      expect((await ask(b, '/scales/through-b')).status).toBe(200)
      await until('b leads', takes(b, 'by-b'))

      const c = await start(database, join(directory, 'c'))
      servers.push(c)
      b.child.kill('SIGSTOP')
      // What it was asked in its last moment lies in its socket until it wakes up.
      const late = ask(b, '/scales', scale('by-b', 7)).then(({ status }) => status, () => 0)
      await until('c leads', takes(c, 'by-c'))
      await ask(c, '/scales', scale('by-b', 3))
      b.child.kill('SIGCONT')
      await late
      await until('b passes on', async () => (await ask(b, '/scales', scale('through-b-again'))).headers.get('x-vamp-leader') === c.url)

      const kept = (await (await ask(c, '/scales?per_page=50')).json() as { name: string; cpu: number }[]).map(({ name, cpu }) => `${name} ${cpu}`)
      expect(kept.filter(each => !each.startsWith('by-b '))).toEqual(['by-c 1', 'through-b 1', 'through-b-again 1'])
      // The late request was passed on to the leader, or refused: it was never written beside it.
      expect(['by-b 3', 'by-b 7']).toContain(kept[0])
      expect(b.said()).toContain('this server follows')
    } finally {
      for (const { child } of servers) { child.kill('SIGCONT'); await kill(child) }
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test.skipIf(findBinary() === undefined)('the leader is killed in the middle of a release: the other one goes on with it, and no visitor notices', { timeout: 280_000 }, async () => {
    const apart = await openApart(['a', 'b'])
    // On one machine, in one directory: whoever leads finds the processes.
    const database = ['--database', cluster.create(), '--data', join(apart.directory, 'a')]
    try {
      const leader = await apart.up(database, 'a')
      const other = await apart.up(database, 'b')
      const agent = apart.agent()
      await apart.openShop()
      const visitors = startVisitors({ host: '127.0.0.1', port: apart.gateway, perSecond: PER_SECOND })
      writeFileSync(join(apart.directory, 'release.yml'), RELEASE)
      await apart.vamp('apply', '-f', join(apart.directory, 'release.yml'))
      const release = async () => await apart.ask('/releases/shop-web-1.1/status') as { phase: string; weight: number; requests: { canary: number } }
      await until('the new version has visitors', async () => (await release()).requests.canary > 20, 900)

      const before = await release()
      await kill(leader.child)
      const killed = Date.now()
      apart.talkTo('b')
      await until('the other one leads', async () => typeof (await release()).phase === 'string')
      console.log(`another server led after ${Date.now() - killed} ms`)
      await until('evidence goes on where it was', async () => (await release()).requests.canary > before.requests.canary + 50)
      await until('the other one gives the verdict', async () => { const { phase } = await release(); expect(phase).not.toMatch(/rolled|failed|abort/); return /promoted|keeping/.test(phase) }, 1200)
      await sleep(1000)
      const { requests, failed } = await visitors.stop()

      expect(failed, `${failed} of ${requests}\n${agent.said().slice(-3000)}\n${other.said().slice(-3000)}`).toBe(0)
      expect(other.said()).toContain('this server leads')
      other.child.kill('SIGTERM')
      await exited(other.child)
      expect(other.child.exitCode).toBe(0)
    } finally {
      await apart.close()
    }
  })
})

const RELEASE = `
kind: breed
name: web:1.1
deployable: { type: process, definition: node examples/shop/shop.ts }
ports: { http: 0/http }
environment_variables: { SHOP_VERSION: "1.1" }
health_checks: [{ path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3 }]
---
kind: release
name: shop-web-1.1
deployment: shop
cluster: web
to: web:1.1
exposure: { bad_requests: 100 }
# How fast a machine is that runs all of this is no part of this test.
objectives: [{ metric: error_rate, margin: 5% }]
keep: 5s
clock: { minimum: 15s, load_check: 5s, warm_up: 2s, hold_back: 2s }
`
