/** A real server with the example shop, visitors, and a browser to look at it; everything is ended with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documents } from '@vamp/model/api/documents'
import { events } from '@vamp/model/api/events'
import { openClient } from '@vamp/client/client'
import { type Browser, chromium, type Page } from 'playwright-core'
import { buildWeb } from '../build.ts'
import { withDeployments } from '../src/document-text.ts'

const ROOT = join(import.meta.dirname, '../..')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(program => existsSync(program))
/** Pauses between two looks, and how many there are. */
const LOOK_MS = 100
const LOOKS_MAX = 600

export const NO_BROWSER = CHROMIUM === undefined

/** Ports in the files of this repository; each stage has others in their place. */
type Written = '9050' | '9051' | '9052'

export interface Stage extends AsyncDisposable {
  readonly url: string
  readonly gateway: number
  readonly browser: Browser
  /** A file of this repository, with this stage's ports for gateways; its blueprints are deployed. */
  apply(file: string, edit?: (text: string) => string): Promise<void>
  /** Steady visitors from now on; at the gateways of these ports as written in files, in turn. */
  visit(perSecond: number, ports?: readonly Written[]): void
  /** The server is killed; services and gateways are not its children alone. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** With an embedded proxy and real processes, unless the server's flags say otherwise. */
export async function openStage(flags: readonly string[] = ['--gateway', 'embedded']): Promise<Stage> {
  await buildWeb()
  const directory = mkdtempSync(join(tmpdir(), 'vamp-web-'))
  const [port, gateway] = [await freePort(), await freePort()]
  const ports: Readonly<Record<Written, number>> = { 9050: gateway, 9051: await freePort(), 9052: await freePort() }
  const url = `http://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  let visitors: ReturnType<typeof setInterval> | undefined
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => { server?.kill(signal); await exited(server); server = undefined }
  const start = async () => {
    const command = [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), ...flags, '--gateway-ports', `${await freePort()}-65000`, '--on-exit', 'stop', '--log-level', 'warn']
    server = spawn(process.execPath, command, { cwd: ROOT, stdio: 'ignore' })
    await until('the server is ready', async () => (await fetch(`${url}/api/v1/health/ready`)).ok)
  }
  await start()
  const browser = await chromium.launch({ ...(CHROMIUM ? { executablePath: CHROMIUM } : {}), args: ['--no-sandbox'] }).catch(async error => { await kill('SIGTERM'); throw error })
  return {
    url, gateway, browser, kill, start,
    async apply(file, edit = text => text) {
      const source = edit(readFileSync(join(ROOT, file), 'utf8')).replaceAll(/905[012]/g, written => String(ports[written as Written]))
      const client = openClient({ url })
      const { changes } = await client.plan(documents.put, { body: source })
      await client.call(documents.put, { body: withDeployments(source, changes) })
    },
    visit(perSecond, at = ['9050']) {
      clearInterval(visitors)
      let turn = 0
      visitors = setInterval(() => { fetch(`http://127.0.0.1:${ports[at[turn++ % at.length] ?? '9050']}/`, { signal: AbortSignal.timeout(2000) }).then(answer => answer.text()).catch(() => undefined) }, 1000 / perSecond)
    },
    async [Symbol.asyncDispose]() {
      clearInterval(visitors)
      await browser.close()
      // What a killed server left running is ended by one that is told to.
      if (!server) await start().catch(() => undefined)
      await kill('SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Names that a server chooses. */
export interface Furnished { readonly instance: string; /** Of the workflow `tally`. */ readonly run: string }

/** `world.yml` runs, releases of every sort have been tried on it, and a workflow has run. */
export async function furnish(stage: Stage): Promise<Furnished> {
  const read = async (path: string) => await (await fetch(`${stage.url}/api/v1${path}`)).json() as never
  await stage.apply('web/testdata/world.yml')
  const instances = async () => await read('/instances?deployment=shop') as readonly { readonly name: string; readonly service: string; readonly state: string }[]
  await until('every instance is ready', async () => { const all = await instances(); return all.length === 5 && all.every(({ state }) => state === 'ready') })
  stage.visit(120, ['9050', '9051', '9050', '9052'])
  await stage.apply('web/testdata/releases.yml')
  // So faulty that it does not take long.
  await stage.apply('examples/shop/3-release-1.2.yml', text => text.replace('"0.05"', '"0.4"'))
  await until('the faulty release is sent back', async () => /rolled_back/.test(JSON.stringify(await read('/releases/shop-web-1.2/status'))))
  await stage.apply('examples/shop/2-release-1.1.yml')
  await until('the other release ramps', async () => /ramping|hold_back/.test(JSON.stringify(await read('/releases/shop-web-1.1/status'))))
  await until('a release waits for people', async () => /"weight":[1-9]/.test(JSON.stringify(await read('/releases/catalogue-2.4/status'))))
  await until('both variants have visitors', async () => (await read('/releases/checkout-which/status') as { readonly variants: readonly { readonly requests: number }[] }).variants.every(({ requests }) => requests > 20))
  const client = openClient({ url: stage.url })
  for (const value of ['steady', 'stumble', 'steady']) await client.call(events.publish, { body: { type: 'event', tags: ['tally'], value } })
  const runs = async () => await read('/workflows/tally/runs') as readonly { readonly id: string; readonly state: string }[]
  await until('a workflow has run, and failed once', async () => { const all = await runs(); return all.length === 3 && all.every(({ state }) => state === 'succeeded' || state === 'failed') })
  const [instance, run] = [(await instances()).find(({ service }) => service === 'web:1.0'), (await runs()).find(({ state }) => state === 'failed')]
  if (!instance || !run) throw new Error('nothing to look at')
  return { instance: instance.name, run: run.id }
}

/** Pasted over what the editor has: typing would be completed and indented. */
export async function write(page: Page, text: string): Promise<void> {
  const editor = page.getByLabel('YAML')
  await editor.click()
  await page.keyboard.press('Control+A')
  await editor.evaluate((element: unknown, pasted) => {
    // The browser's things, which this program has no types of.
    const { DataTransfer, ClipboardEvent } = globalThis as unknown as { readonly DataTransfer: new () => { setData(type: string, text: string): void }; readonly ClipboardEvent: new (type: string, options: object) => unknown }
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', pasted)
    ;(element as { dispatchEvent(event: unknown): void }).dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, text)
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (await holds().catch(() => false)) return
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
  throw new Error(`never: ${what}`)
}

function exited(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => child.once('exit', () => resolve()))
}

export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
