/** `node tools/screenshots.ts`: the pages as docs/screenshots shows them, of a real server that releases the example shop. Takes two minutes. */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from '../web/testdata/stage.ts'
import { openStage, until } from '../web/testdata/stage.ts'

const DIRECTORY = join(import.meta.dirname, '../docs/screenshots')
const BYTES_MAX = 150_000
const DESKTOP = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }

interface Shot {
  readonly name: string
  readonly path: string
  readonly colours: 'light' | 'dark'
  readonly phone?: true
  /** On the page when it is complete. */
  readonly text: string
}

const RAMPING: readonly Shot[] = [
  { name: 'overview', path: '/', colours: 'light', text: 'What runs' },
  { name: 'release', path: '/releases/shop-web-1.1', colours: 'light', text: 'Evidence of harm' },
  { name: 'gateway', path: '/gateways/shop/web/http', colours: 'dark', text: 'What is in force' },
  { name: 'deployment', path: '/deployments/shop', colours: 'light', text: 'requests' },
]
const ROLLED_BACK: readonly Shot[] = [
  { name: 'rolled-back', path: '/releases/shop-web-1.2', colours: 'dark', text: 'Evidence of harm' },
  { name: 'rolled-back-phone', path: '/releases/shop-web-1.2', colours: 'light', phone: true, text: 'Evidence of harm' },
]

mkdirSync(DIRECTORY, { recursive: true })
await using stage = await openStage()
await stage.apply('1-shop.yml')
await inPhase('the shop runs', async () => (await (await fetch(`${stage.url}/api/v1/deployments/shop`)).text()).includes('"name":"Done"'))
await inPhase('the shop answers', async () => (await fetch(`http://127.0.0.1:${stage.gateway}/`)).ok)
stage.visit(60)
await stage.apply('3-release-1.2.yml')
await inPhase('1.2 is rolled back', async () => await phaseOf('shop-web-1.2') === 'rolled_back')
await take(stage, ROLLED_BACK)
await stage.apply('2-release-1.1.yml')
await inPhase('1.1 has a quarter of the traffic', async () => await weightOf('shop-web-1.1') >= 25)
await take(stage, RAMPING)

async function inPhase(what: string, holds: () => Promise<boolean>): Promise<void> {
  console.log(`waiting until ${what}`)
  for (let attempt = 1; ; attempt++) {
    try { return await until(what, holds) } catch (error) { if (attempt === 5) throw error }
  }
}

async function statusOf(name: string): Promise<{ readonly phase: string; readonly weight: number }> {
  return await (await fetch(`${stage.url}/api/v1/releases/${name}/status`)).json() as { phase: string; weight: number }
}

async function phaseOf(name: string): Promise<string> {
  return (await statusOf(name)).phase
}

async function weightOf(name: string): Promise<number> {
  return (await statusOf(name)).weight
}

async function take({ browser, url }: Stage, shots: readonly Shot[]): Promise<void> {
  for (const { name, path, colours, phone, text } of shots) {
    const page = await browser.newPage({ viewport: phone ? PHONE : DESKTOP, colorScheme: colours })
    await page.goto(`${url}${path}`)
    await page.getByText(text).first().waitFor()
    // The numbers of the last seconds and the past of the release come after the first look.
    await page.waitForTimeout(3000)
    const file = join(DIRECTORY, `${name}.png`)
    await page.screenshot({ path: file })
    await page.close()
    const { size } = statSync(file)
    console.log(`${name}.png ${Math.round(size / 1000)} kB`)
    if (size > BYTES_MAX) throw new Error(`${name}.png takes ${size} bytes, more than ${BYTES_MAX}`)
  }
}
