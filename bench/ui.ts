/**
 * What the pages cost in a real Chromium: bytes and time of the first load, the time of each page over a large installation, and memory and
 * smoothness of the live page under many events.
 *
 *     npm run bench -- ui [--json] [--instances 500] [--gateways 200] [--minutes 1] [--rate 60]
 *
 * A page is there when its content is drawn and two more frames have passed: the browser answers then. Memory is what lives after a collection;
 * `heap_growth` is the last quarter of the time over the second.
 */
import { openClient } from '@vamp/client/client'
import { documents } from '@vamp/model/api/documents'
import { events } from '@vamp/model/api/events'
import { parseArgs } from 'node:util'
import type { CDPSession, Page } from 'playwright-core'
import { buildWeb } from '../web/build.ts'
import { furnish, openStage, type Stage, until } from '../web/testdata/stage.ts'

const LOADS = 5
const SAMPLE_MS = 5000

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, instances: { type: 'string', default: '500' }, gateways: { type: 'string', default: '200' }, minutes: { type: 'string', default: '1' }, rate: { type: 'string', default: '60' } } })
  const { firstBytes, scriptBytes } = await buildWeb()
  const pages = await large(Number(values.instances), Number(values.gateways))
  const live = await soak(Number(values.minutes), Number(values.rate))
  const summary = { first_kb: round(firstBytes / 1024), all_kb: round(scriptBytes / 1024), ...pages, ...live }
  console.log(JSON.stringify(values.json ? summary : { ...summary }, null, values.json ? 0 : 2))
}

/** First load of the overview, then each page by its link. */
async function large(instances: number, gateways: number): Promise<object> {
  await using stage = await openStage(['--containers', 'memory', '--gateway', 'memory'])
  await fill(stage, instances, gateways)
  const first: number[] = []
  for (let load = 0; load < LOADS; load++) {
    const context = await stage.browser.newContext({ viewport: { width: 1360, height: 860 } })
    const page = await context.newPage()
    await page.goto(`${stage.url}/`, { waitUntil: 'commit' })
    first.push(await page.evaluate(drawn('main .tile')) as number)
    await context.close()
  }
  const page = await (await stage.browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage()
  await page.goto(`${stage.url}/`)
  await page.locator('main .tile').first().waitFor()
  const ways: readonly (readonly [name: string, path: string, ready: string])[] = [
    ['deployments', '/deployments', 'main tbody tr'], ['deployment', '/deployments/large', 'main .place'], ['cluster', '/deployments/large/clusters/web', 'main tbody tr'],
    ['service', '/deployments/large/clusters/web/services/web%3A1.0', 'main tbody tr'], ['gateways', '/gateways', 'main tbody tr'], ['gateway', '/gateways/large/web/http', 'main .slider'], ['events', '/events', 'main .events li'], ['releases', '/releases', 'main .empty'],
  ]
  const times: Record<string, number> = {}
  for (const [name, path, ready] of ways) {
    times[name] = await go(page, path, ready)
    await page.waitForTimeout(1500)
  }
  return { interactive_ms: median(first), page_ms: times, page_ms_max: Math.max(...Object.values(times)), instances, gateways }
}

/** As a click on a link does: the router of the page takes it. */
async function go(page: Page, path: string, ready: string): Promise<number> {
  return Math.round(await page.evaluate(`(async () => {
    const began = performance.now()
    document.querySelectorAll('main > *').forEach(element => element.setAttribute('data-before', ''))
    history.pushState({}, '', ${JSON.stringify(path)})
    dispatchEvent(new PopStateEvent('popstate', { state: {} }))
    const there = () => [...document.querySelectorAll(${JSON.stringify(ready)})].some(element => !element.closest('[data-before]'))
    while (!there()) await new Promise(requestAnimationFrame)
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
    return performance.now() - began
  })()`) as number)
}

/** Milliseconds since the navigation began. */
const drawn = (ready: string) => `(async () => {
  while (!document.querySelector(${JSON.stringify(ready)})) await new Promise(requestAnimationFrame)
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
  return Math.round(performance.now())
})()`

async function fill({ url }: Stage, instances: number, gateways: number): Promise<void> {
  const client = openClient({ url, timeoutMs: 60_000 })
  const versions = [1, 2, 3, 4, 5]
  const breeds = versions.map(version => `kind: breed\nname: web:${version}.0\ndeployable: { type: process, definition: node x }\nports: { http: 0/http }\n`)
  const services = versions.map(version => `{ breed: web:${version}.0, scale: { cpu: 0.01, memory: 1MB, instances: ${Math.ceil(instances / versions.length)} } }`)
  const fronts = Array.from({ length: gateways }, (_, index) => `kind: gateway\nname: front-${index}\nport: ${20_000 + index}/http\nroutes: { large/web/http: { weight: 100% } }\n`)
  await client.call(documents.put, { body: [...breeds, `kind: blueprint\nname: large\nclusters: { web: { services: [${services.join(', ')}] } }\n`, 'kind: deployment\nname: large\n', ...fronts].join('---\n') })
  await until('all instances are ready', async () => (await (await fetch(`${url}/api/v1/deployments/large`)).text()).split('"state":"ready"').length > instances)
}

/** A release is looked at while so many events a second tell of it. */
async function soak(minutes: number, rate: number): Promise<object> {
  await using stage = await openStage()
  await furnish(stage)
  const page = await (await stage.browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage()
  await page.goto(`${stage.url}/releases/shop-web-1.2`)
  await page.getByRole('region', { name: 'Verdict' }).waitFor()
  const session = await page.context().newCDPSession(page)
  await page.evaluate(`globalThis.slow = []; new PerformanceObserver(list => slow.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: 'longtask' })`)
  const heaps: number[] = []
  let told = 0
  const began = Date.now()
  const teller = tell(stage, rate, () => Date.now() - began > minutes * 60_000, count => { told += count })
  while (Date.now() - began < minutes * 60_000) {
    await page.waitForTimeout(SAMPLE_MS)
    heaps.push(await heap(session))
  }
  await teller
  const slow = await page.evaluate('globalThis.slow') as readonly number[]
  const quarter = Math.max(1, Math.floor(heaps.length / 4))
  const [early, late] = [median(heaps.slice(quarter, 2 * quarter)), median(heaps.slice(-quarter))]
  return { soak_minutes: minutes, events_per_second: round(told / minutes / 60), heap_mb: round(late), heap_growth: round(late / early), longtasks_per_minute: round(slow.length / minutes), longest_task_ms: Math.max(0, ...slow) }
}

async function tell({ url }: Stage, rate: number, over: () => boolean, told: (count: number) => void): Promise<void> {
  const client = openClient({ url })
  const start = Math.floor(Date.now() / 1000) + 100
  for (let second = 0; !over(); second++) {
    const due = Date.now() + 1000
    await Promise.all(Array.from({ length: rate }, async (_, index) => {
      await new Promise(resolve => setTimeout(resolve, 1000 * index / rate))
      const at = start + second * rate + index
      const arm = (requests: number) => ({ requests, errors: 0, latency: [], parts: [], instances: [] })
      await client.call(events.publish, { body: { type: 'release-evidence', tags: ['releases:shop-web-1.2'], value: { second: at, at: at * 1000, phase: 'ramping', weight: 10 + second % 30, harm: 1 + Math.abs(Math.sin(at)), metrics: { error_rate: 1.2, latency_p99: 1 + Math.abs(Math.cos(at)) }, baseline: arm(50), canary: arm(5) } } })
      told(1)
    }))
    await new Promise(resolve => setTimeout(resolve, Math.max(0, due - Date.now())))
  }
}

/** Megabytes that live. */
async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  return (await session.send('Runtime.getHeapUsage')).usedSize / 1024 / 1024
}

const round = (value: number) => Math.round(value * 100) / 100

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
