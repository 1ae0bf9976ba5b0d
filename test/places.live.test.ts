/** Where a server may keep what it knows, and whom it may tell: PostgreSQL, webhooks, Elasticsearch; by the options of the real command line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { postgresBinaries, startPostgres } from '../bench/evidence/postgres-cluster.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VAMP = join(ROOT, 'cli/src/main.ts')

interface Received { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }

let directory: string
let children: ChildProcess[]
let servers: Server[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-places-'))
  children = []
  servers = []
})
afterEach(async () => {
  for (const child of children) await kill(child)
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(directory, { recursive: true, force: true })
})

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function up(flags: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [VAMP, 'up', '--port', '0', '--data', join(directory, 'data'), '--gateway', 'none', '--containers', 'memory', ...flags], {
    cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += String(data) })
  await until('the server runs', () => said.includes('Vamp runs at') || child.exitCode !== null)
  const url = /http:\/\/[\w.:]+/.exec(said)?.[0] ?? ''
  const ask = async (path: string, body?: object) => await (await fetch(`${url}/api/v1${path}`, body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {})).text()
  return { child, ask, said: () => said }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`never: ${what}`)
}

/** Keeps what is posted, and answers what it is told to. */
async function receiver(answer: () => { status: number; body: string }) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    received.push({ url: request.url ?? '', headers: request.headers, body: await text(request) })
    const { status, body } = answer()
    response.writeHead(status).end(body)
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test.skipIf(!postgresBinaries())('what is kept in PostgreSQL is there after a kill, and the password is shown nowhere', async () => {
  await using cluster = await startPostgres()
  const database = cluster.create()
  const first = await up([], { VAMP_DATABASE: database })
  await first.ask('/breeds', { name: 'web', deployable: 'web:1' })
  await kill(first.child)

  const second = await up([], { VAMP_DATABASE: database })

  expect(await second.ask('/breeds/web')).toContain('web:1')
  expect(await second.ask('/events?tag=breeds:web')).toContain('archive')
  // The lease of a server that was killed ends by itself.
  await vi.waitFor(async () => expect(await second.ask('/info?on=persistence')).toContain('postgresql'), { timeout: 60_000, interval: 300 })
  expect(JSON.parse(await second.ask('/config'))).toMatchObject({ database: '[hidden]' })
  expect(second.said()).not.toContain(database)
})

test('a PostgreSQL that does not answer is told in a sentence without its password', async () => {
  const { child, said } = await up([], { VAMP_DATABASE: 'postgres://vamp:garlic@127.0.0.1:1/vamp' })

  expect(child.exitCode).toBe(1)
  expect(said()).toContain('127.0.0.1')
  expect(said()).not.toMatch(/garlic|at async|node:/)
})

test('events reach a webhook, signed, and an index; what happened while they were away comes after a restart', async () => {
  const key = randomBytes(24)
  let away = false
  const hook = await receiver(() => ({ status: away ? 503 : 204, body: '' }))
  const index = await receiver(() => ({ status: away ? 503 : 200, body: '{"errors":false,"items":[]}' }))
  const flags = ['--webhook', `${hook.url}/hook`, '--elasticsearch', index.url, '--elasticsearch-index', 'night']
  const secrets = { VAMP_WEBHOOK_SECRET: `whsec_${key.toString('base64')}`, VAMP_ELASTICSEARCH_AUTHORIZATION: 'ApiKey garlic' }
  const first = await up(flags, secrets)
  const came = (part: string) => hook.received.some(({ body }) => body.includes(part)) && index.received.some(({ body }) => body.includes(part))
  await first.ask('/events', { type: 'bite', tags: ['neck:left'], value: 1 })
  await until('the first event comes', () => came('neck:left'))
  away = true
  await first.ask('/events', { type: 'bite', tags: ['neck:right'], value: 2 })
  await until('it was tried', () => came('neck:right'))
  await kill(first.child)
  const before = { hook: hook.received.length, index: index.received.length }
  away = false

  await up(flags, secrets)
  await until('it comes again', () => hook.received.slice(before.hook).some(({ body }) => body.includes('neck:right')) && index.received.slice(before.index).some(({ body }) => body.includes('neck:right')))

  for (const { url, headers, body } of hook.received) {
    expect(url).toBe('/hook')
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`)
  }
  expect(hook.received.slice(before.hook).map(({ body }) => body).join()).not.toContain('neck:left')
  expect(index.received.every(({ url, headers }) => url === '/_bulk' && headers.authorization === 'ApiKey garlic')).toBe(true)
  expect(index.received[0]?.body).toContain('"_index":"night-bite-')
})
