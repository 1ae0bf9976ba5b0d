/** A real server with the example shop, visitors, and a browser to look at it; everything is ended with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documents } from '@vamp/model/api/documents'
import { openClient } from '@vamp/client/client'
import { type Browser, chromium, type Page } from 'playwright-core'
import { buildWeb } from '../build.ts'
import { withDeployments } from '../src/document-text.ts'

const ROOT = join(import.meta.dirname, '../..')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(program => existsSync(program))
/** Pauses between two looks, and how many there are. */
const LOOK_MS = 100
const LOOKS_MAX = 300

export const NO_BROWSER = CHROMIUM === undefined

export interface Stage extends AsyncDisposable {
  readonly url: string
  readonly gateway: number
  readonly browser: Browser
  /** A file of the example shop, with this stage's port; its blueprints are deployed. */
  apply(file: string): Promise<void>
  /** Steady visitors from now on. */
  visit(perSecond: number): void
  /** The server is killed; services and gateways are not its children alone. */
  kill(): Promise<void>
  start(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  await buildWeb()
  const directory = mkdtempSync(join(tmpdir(), 'vamp-web-'))
  const [port, gateway] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  let visitors: ReturnType<typeof setInterval> | undefined
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => { server?.kill(signal); await exited(server); server = undefined }
  const start = async () => {
    const command = [join(ROOT, 'cli/src/main.ts'), 'up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'embedded', '--gateway-ports', `${await freePort()}-65000`, '--on-exit', 'stop', '--log-level', 'warn']
    server = spawn(process.execPath, command, { cwd: ROOT, stdio: 'ignore' })
    await until('the server is ready', async () => (await fetch(`${url}/api/v1/health/ready`)).ok)
  }
  await start()
  const browser = await chromium.launch({ ...(CHROMIUM ? { executablePath: CHROMIUM } : {}), args: ['--no-sandbox'] }).catch(async error => { await kill('SIGTERM'); throw error })
  return {
    url, gateway, browser, kill, start,
    async apply(file) {
      const source = readFileSync(join(ROOT, 'examples/shop', file), 'utf8').replaceAll('9050', String(gateway))
      const client = openClient({ url })
      const { changes } = await client.plan(documents.put, { body: source })
      await client.call(documents.put, { body: withDeployments(source, changes) })
    },
    visit(perSecond) {
      clearInterval(visitors)
      visitors = setInterval(() => { fetch(`http://127.0.0.1:${gateway}/`, { signal: AbortSignal.timeout(2000) }).then(answer => answer.text()).catch(() => undefined) }, 1000 / perSecond)
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

/** Pasted over what the editor has: typing would be completed and indented. */
export async function write(page: Page, text: string): Promise<void> {
  const editor = page.getByLabel('YAML')
  await editor.click()
  await page.keyboard.press('Control+A')
  await editor.evaluate(PASTE, text)
}

/** For the browser, whose things this program does not know. */
const PASTE = `(element, text) => {
  const clipboardData = new DataTransfer()
  clipboardData.setData('text/plain', text)
  element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
}`

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

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
