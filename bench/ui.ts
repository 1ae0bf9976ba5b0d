/**
 * What the pages cost in a real Chromium: bytes and time of the first load, the time of each page over a large installation, and memory and
 * smoothness of the live page under many events.
 *
 *     npm run bench -- ui [--json] [--only first,pages,others,live] [--instances 500] [--gateways 200] [--rounds 3] [--minutes 1] [--rate 60] [--seconds 500]
 *
 * `others_ms`: from the order of a change until another browser shows it.
 *
 * A page is there when its content is drawn and two more frames have passed: the browser answers then. Memory is what lives after a collection;
 * `heap_growth` is the last quarter of the time over the second; `shown_ms` is from the order of the last few steps until the page shows them, the longest;
 * `stopped_minutes` is the time for which all of this was stopped from outside. Each figure is told on the standard error as soon as there is one, and after so many
 * `--seconds` the summary is of those that there are.
 */
import { openClient } from '@vamp/client/client'
import { documents } from '@vamp/model/api/documents'
import { events } from '@vamp/model/api/events'
import { gateways as gatewayEndpoints } from '@vamp/model/api/gateways'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { buildWeb } from '../web/build.ts'
import { type Alive, alive, tellEvidence } from '../web/testdata/soak.ts'
import { furnish, openStage, type Stage, until } from '../web/testdata/stage.ts'

const LOADS = 5
const SAMPLE_MS = 5000
const SIZE = { viewport: { width: 1360, height: 860 } }
/** Between two pages: the one before has become quiet, and idle time has been used. */
const REST_MS = 1500

/** Figures as they come; `over` when there is no more time for others. */
interface Tally { tell(figures: Readonly<Record<string, unknown>>): void; over(): boolean }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: {
    json: { type: 'boolean', default: false }, only: { type: 'string', default: 'first,pages,others,live' }, instances: { type: 'string', default: '500' }, gateways: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' }, minutes: { type: 'string', default: '1' }, rate: { type: 'string', default: '60' }, seconds: { type: 'string', default: '500' },
  } })
  const parts = values.only.split(',')
  const deadline = Date.now() + Number(values.seconds) * 1000
  const summary: Record<string, unknown> = {}
  const tally: Tally = {
    tell(figures) { Object.assign(summary, figures); console.error(JSON.stringify(figures)) },
    over: () => Date.now() > deadline,
  }
  const { firstBytes, scriptBytes } = await buildWeb()
  tally.tell({ first_kb: round(firstBytes / 1024), all_kb: round(scriptBytes / 1024) })
  if (['first', 'pages', 'others'].some(part => parts.includes(part))) await large(tally, parts, { instances: Number(values.instances), gateways: Number(values.gateways), rounds: Number(values.rounds) })
  if (parts.includes('live') && !tally.over()) await soak(tally, Number(values.minutes), Number(values.rate))
  console.log(JSON.stringify({ ...summary, ...(tally.over() ? { ended_early: true } : {}) }, null, values.json ? 0 : 2))
}

/** First load of the overview, then each page by its link. */
async function large(tally: Tally, parts: readonly string[], { instances, gateways, rounds }: { readonly instances: number; readonly gateways: number; readonly rounds: number }): Promise<void> {
  await using stage = await openStage(['--containers', 'memory', '--gateway', 'memory'])
  await fill(stage, instances, gateways)
  tally.tell({ instances, gateways })
  if (parts.includes('first')) tally.tell({ interactive_ms: median(await firstLoads(stage, tally)) })
  if (parts.includes('pages')) await pages(stage, tally, rounds)
  if (parts.includes('others')) await others(stage, tally)
}

async function firstLoads(stage: Stage, tally: Tally): Promise<readonly number[]> {
  const times: number[] = []
  for (let load = 0; load < LOADS && !tally.over(); load++) {
    const context = await stage.browser.newContext(SIZE)
    const page = await context.newPage()
    await page.goto(`${stage.url}/`, { waitUntil: 'commit' })
    times.push(await page.evaluate(drawn('main .tile')) as number)
    await context.close()
  }
  return times
}

const WAYS: readonly (readonly [name: string, path: string, ready: string])[] = [
  ['deployment', '/deployments/large', 'main .place'], ['deployments', '/deployments', 'main tbody tr'], ['cluster', '/deployments/large/clusters/web', 'main tbody tr'],
  ['service', '/deployments/large/clusters/web/services/web%3A1.0', 'main tbody tr'], ['gateways', '/gateways', 'main tbody tr'], ['gateway', '/gateways/large/web/http', 'main .slider'], ['events', '/events', 'main .events li'], ['releases', '/releases', 'main .empty'],
]

/** Each round in a new browser, which has seen the overview and nothing else. */
async function pages(stage: Stage, tally: Tally, rounds: number): Promise<void> {
  const times: Record<string, number[]> = {}
  const requests: Record<string, number> = {}
  for (let turn = 0; turn < rounds && !tally.over(); turn++) {
    const context = await stage.browser.newContext(SIZE)
    const page = await context.newPage()
    let asked = 0
    page.on('request', () => { asked++ })
    await page.goto(`${stage.url}/`)
    await page.locator('main .tile').first().waitFor()
    await page.waitForTimeout(REST_MS)
    for (const [name, path, ready] of WAYS) {
      asked = 0
      const time = await go(page, path, ready)
      requests[name] = asked
      times[name] = [...times[name] ?? [], time]
      tally.tell({ page_ms: Object.fromEntries(Object.entries(times).map(([each, all]) => [each, median(all)])) })
      await page.waitForTimeout(REST_MS)
    }
    await context.close()
  }
  tally.tell({ page_ms_max: Math.max(...Object.values(times).map(median)), page_ms_worst: Math.max(...Object.values(times).flat()), page_requests: requests })
}

const CHANGES = 20

/** What one changes, another sees. */
async function others({ url, browser }: Stage, tally: Tally): Promise<void> {
  const client = openClient({ url })
  const page = await (await browser.newContext(SIZE)).newPage()
  await page.goto(`${url}/gateways/front-0`)
  await page.getByLabel('Do visitors stick?').waitFor()
  const times: number[] = []
  for (let change = 0; change < CHANGES && !tally.over(); change++) {
    const sticky = change % 2 === 0 ? 'route' : 'instance'
    const began = performance.now()
    await client.call(gatewayEndpoints.put, { path: { gateway: 'front-0' }, body: { name: 'front-0', port: '20000/http', sticky, routes: { 'large/web/http': { weight: '100%' } } } })
    await page.waitForFunction(wanted => (globalThis as unknown as { document: { querySelector(selector: string): { value: string } | null } }).document.querySelector('main select')?.value === wanted, sticky, { polling: 'raf' })
    times.push(performance.now() - began)
    // Not in step with anything that the page does by itself.
    await page.waitForTimeout(700 + 137 * (change % 7))
  }
  await page.context().close()
  tally.tell({ others_ms: Math.round(median(times)), others_ms_max: Math.round(Math.max(...times)) })
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
async function soak(tally: Tally, minutes: number, rate: number): Promise<void> {
  await using stage = await openStage()
  await furnish(stage)
  // What is measured is the page; the shop need not be busy beside it.
  stage.visit(5)
  const page = await (await stage.browser.newContext(SIZE)).newPage()
  await page.goto(`${stage.url}/releases/shop-web-1.2`)
  await page.getByRole('region', { name: 'Verdict' }).waitFor()
  const session = await page.context().newCDPSession(page)
  await page.evaluate(`globalThis.slow = []; new PerformanceObserver(list => slow.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: 'longtask' })`)
  const seen: Alive[] = []
  let [told, stoppedMs, ended] = [0, 0, false]
  const began = Date.now()
  const passedMs = () => Date.now() - began - stoppedMs
  const over = () => tally.over() || passedMs() > minutes * 60_000
  const teller = tellEvidence(stage, { release: 'shop-web-1.2', rate }, () => ended, (count, stopped) => { told += count; stoppedMs += stopped })
  while (!over()) {
    await page.waitForTimeout(SAMPLE_MS)
    seen.push(await alive(session))
    const quarter = Math.max(1, Math.floor(seen.length / 4))
    const [early, late] = [seen.slice(quarter, 2 * quarter), seen.slice(-quarter)].map(part => median(part.map(({ heap }) => heap))) as [number, number]
    const passed = passedMs() / 60_000
    const slow = await page.evaluate('globalThis.slow') as readonly number[]
    const { nodes, listeners } = seen.at(-1) ?? { nodes: 0, listeners: 0 }
    tally.tell({ live_minutes: round(passed), stopped_minutes: round(stoppedMs / 60_000), events: told, events_per_second: round(told / passed / 60), heap_mb: round(late), heap_growth: round(late / early), dom_nodes: nodes, listeners, longtasks_per_minute: round(slow.length / passed), longest_task_ms: Math.max(0, ...slow) })
  }
  tally.tell({ shown_ms: await shownAfter(stage, page) })
  ended = true
  await teller
}

const SHOWN = 5

/** Milliseconds until a step of the release stands on the page, among everything else that it is told of; the longest of a few. */
async function shownAfter({ url }: Stage, page: Page): Promise<number> {
  const client = openClient({ url })
  const times: number[] = []
  for (let look = 0; look < SHOWN; look++) {
    const began = performance.now()
    await client.call(events.publish, { body: { type: 'release', tags: ['releases:shop-web-1.2'], value: { sentence: `Look ${look}.`, weight: 0 } } })
    await page.getByText(`Look ${look}.`).waitFor()
    times.push(performance.now() - began)
  }
  return Math.round(Math.max(...times))
}

const round = (value: number) => Math.round(value * 100) / 100

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
