/** Releases that need more of HAProxy than weights: audiences, copies, and sessions whose version the gateway's cookie tells. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startServer } from '@vamp/cli/demo/server-process'
import { startVisitors, type Visitors, type VisitorsOptions } from '@vamp/cli/demo/visitors'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { expect, test, vi } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

process.chdir(ROOT)
vi.setConfig({ testTimeout: 240_000 })

interface Stage {
  readonly port: number
  post(path: string, body: string, type?: string): Promise<void>
  ask(path: string): Promise<unknown>
  statusOf(release: string): Promise<ReleaseStatus>
  /** Visitors of the shop, 100 a second. */
  visit(more?: Partial<VisitorsOptions>): Visitors
  /** The shop answers, and somebody has visited it for a while. */
  visited(gateway: string): Promise<Visitors>
}

/** A server of its own, so that what takes minutes of evidence can be watched side by side. */
async function openStage(finished: (close: () => Promise<void>) => void): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-strategies-'))
  const server = await startServer({ main: join(ROOT, 'cli/bin/vamp.mjs'), directory, port: await freePort(), gateway: 'haproxy', containers: 'process', docker: 'unix:///var/run/docker.sock' })
  const visitors: Visitors[] = []
  finished(async () => {
    await Promise.all(visitors.map(one => one.stop()))
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  const port = await freePort()
  const ask = async (path: string): Promise<unknown> => await (await fetch(`${server.url}/api/v1${path}`)).json()
  const stage: Stage = {
    port, ask,
    async post(path, body, type = 'application/x-yaml') {
      const response = await fetch(`${server.url}/api/v1${path}`, { method: 'POST', body, headers: { 'content-type': type } })
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    },
    statusOf: async name => await ask(`/releases/${name}/status`) as ReleaseStatus,
    visit(more = {}) {
      const one = startVisitors({ host: '127.0.0.1', port, perSecond: 100, ...more })
      visitors.push(one)
      return one
    },
    async visited(gateway) {
      await stage.post('', shop(port, gateway))
      await until(60, async () => (await fetch(`http://127.0.0.1:${port}/`)).ok)
      const one = stage.visit()
      await sleep(12_000)
      return one
    },
  }
  return stage
}

const shop = (port: number, gateway: string) => `${breed('web:1')}---
kind: deployment
name: shop
gateways: {${port}: web/http}
clusters: {web: {${gateway}services: [{breed: "web:1", scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}}
`
const release = (to: string, fields: string, errors = 0) => `${breed(to, errors)}---
kind: release
name: ${to.replace(':', '-')}
deployment: shop
cluster: web
to: "${to}"
keep: 1s
clock: {minimum: 25s, load_check: 8s, warm_up: 5s, hold_back: 3s, maximum: 4m}
${fields}
`

function breed(name: string, errors = 0): string {
  return `kind: breed
name: "${name}"
deployable: {type: process, definition: node examples/shop/shop.ts}
ports: {http: 0/http}
environment_variables: {SHOP_VERSION: "${name}", SHOP_ERROR_SHARE: "${errors}"}
health_checks: [{path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3}]
`
}

async function until(secondsMax: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + secondsMax * 1000; performance.now() < end; await sleep(100)) if (await holds().catch(() => false)) return
  throw new Error(`not so after ${secondsMax} s`)
}

const over = ({ statusOf }: Stage, name: string) => async () => ['promoted', 'rolled_back', 'aborted', 'failed'].includes((await statusOf(name)).phase)
const requests = ({ visits }: Visitors, version: string) => visits.byVersion[version]?.requests ?? 0
const FIREFOX = { 'user-agent': 'Mozilla/5.0 Firefox/140.0' }

test.concurrent('only the audience meets a bad version, and when it is rolled back the way there is gone', async ({ onTestFinished }) => {
  const stage = await openStage(onTestFinished)
  const everybody = await stage.visited('')
  const audience = stage.visit({ perSecond: 60, headers: FIREFOX })

  await stage.post('', release('web:2', 'audience: user-agent contains Firefox', 0.2))
  await until(120, over(stage, 'web-2'))

  expect((await stage.statusOf('web-2')).verdict).toBe('rolled_back')
  expect(requests(audience, 'web:2')).toBeGreaterThan(0)
  expect(requests(everybody, 'web:2')).toBe(0)
  expect([everybody.visits.failed, audience.visits.failed]).toEqual([0, audience.visits.byVersion['web:2']?.failed])
  expect((await stage.ask('/gateways') as readonly { name: string }[]).map(({ name }) => name).sort()).toEqual([`shop/${stage.port}`, 'shop/web/http'])
})

test.concurrent('an audience that is won over stays on the new version, and everybody else on the old one', async ({ onTestFinished }) => {
  const stage = await openStage(onTestFinished)
  const everybody = await stage.visited('')
  const audience = stage.visit({ perSecond: 60, headers: FIREFOX })

  await stage.post('', release('web:2', 'audience: user-agent contains Firefox'))
  await until(200, over(stage, 'web-2'))
  await sleep(1000)
  const before = [requests(everybody, 'web:1'), requests(audience, 'web:1'), requests(audience, 'web:2')]
  await sleep(3000)
  const [old = 0, left = 0, won = 0] = [requests(everybody, 'web:1'), requests(audience, 'web:1'), requests(audience, 'web:2')].map((count, at) => count - (before[at] ?? 0))

  expect((await stage.statusOf('web-2')).verdict).toBe('promoted')
  expect(old).toBeGreaterThan(200)
  expect([left, won > 100]).toEqual([0, true])
  expect(requests(everybody, 'web:2')).toBe(0)
  expect([everybody.visits.failed, audience.visits.failed]).toEqual([0, 0])
})

test.concurrent('a bad shadow is rolled back on copies, before any visitor has met it', async ({ onTestFinished }) => {
  const stage = await openStage(onTestFinished)
  const everybody = await stage.visited('')

  await stage.post('', release('web:2', 'strategy: shadow', 0.2))
  await until(120, over(stage, 'web-2'))

  const status = await stage.statusOf('web-2')
  expect([status.verdict, status.requests.canary > 0]).toEqual(['rolled_back', true])
  expect([requests(everybody, 'web:2'), everybody.visits.failed]).toEqual([0, 0])
})

test.concurrent('a good shadow gets requests only after it was shown to be safe on copies', async ({ onTestFinished }) => {
  const stage = await openStage(onTestFinished)
  const everybody = await stage.visited('')

  await stage.post('', release('web:2', 'strategy: shadow'))
  await until(150, async () => (await stage.ask('/events?tag=release:shadowed&type=release') as readonly unknown[]).length > 0)
  const met = requests(everybody, 'web:2')
  await until(200, over(stage, 'web-2'))

  expect(met).toBe(0)
  expect((await stage.statusOf('web-2')).verdict).toBe('promoted')
  expect(everybody.visits.failed).toBe(0)
})

test.concurrent('sessions that the gateway keeps at a version tell what it leads to, by the cookie that the application sees', async ({ onTestFinished }) => {
  const stage = await openStage(onTestFinished)
  await stage.visited('gateways: {http: {sticky: route}}, ')
  let number = 0
  /** As an application would: the cookie says whose session it is, and fewer buy on the new version. */
  const session = async () => {
    const answer = await fetch(`http://127.0.0.1:${stage.port}/`)
    const cookie = /vamp_[^=]+=[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0]
    const tag = `session:${number++}`
    const bought = Math.random() < (answer.headers.get('x-shop-version') === 'web:2' ? 0.1 : 0.5)
    await answer.arrayBuffer()
    const told = [{ type: 'view', tags: [tag, `visit:${cookie}`] }, ...bought ? [{ type: 'purchase', tags: [tag] }] : []]
    await stage.post('/events', JSON.stringify(told), 'application/json')
  }
  const timer = setInterval(() => { session().catch(() => {}) }, 40)

  await stage.post('', release('web:2', 'objectives: [{ metric: event:purchase, within: 3s }]'))
  await until(200, over(stage, 'web-2')).finally(() => clearInterval(timer))

  const { verdict, sentence, evidence } = await stage.statusOf('web-2')
  expect([verdict, sentence]).toEqual(['rolled_back', expect.stringMatching(/^Rolled back after \d+ s\. \d+ of \d+ sessions of the new version led to purchase/)])
  expect(evidence.find(({ metric }) => metric === 'event:purchase')).toMatchObject({ finding: 'worse' })
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
