/** `vamp demo`: HAProxy if it may be had, a server of its own, the story, and an end that leaves nothing behind. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '@vamp/model/fault'
import { ensureHaproxy } from './haproxy.ts'
import { ensurePages } from './pages.ts'
import { startServer, type ServerProcess } from './server-process.ts'
import { openStage, type Stage } from './stage.ts'
import { type StoryApi, tell, type Told } from './story.ts'
import type { Visitors } from './visitors.ts'

export interface DemoOptions {
  readonly gateway: 'auto' | 'haproxy' | 'embedded'
  readonly containers: 'process' | 'docker'
  /** Address of the engine, where containers are Docker's. */
  readonly docker: string
  readonly port: number
  readonly data: string
  /** End when the story has ended. */
  readonly exit: boolean
  /** The result as one line of JSON at the end; the story goes to standard error. */
  readonly json: boolean
  /** Where programs are looked for. */
  readonly path: string
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Returns the exit code. */
export async function runDemo(options: DemoOptions, connect: (url: string, read: (file: string) => Promise<string>) => StoryApi): Promise<number> {
  process.chdir(ROOT)
  const stage = openStage(options.json ? process.stderr : process.stdout)
  const ending = new AbortController()
  const interrupt = () => ending.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  let server: ServerProcess | undefined
  let visitors: Visitors | undefined
  try {
    const haproxy = options.gateway !== 'embedded' && ensureHaproxy(options.path, stage.say)
    if (options.gateway === 'haproxy' && !haproxy) throw new Error('HAProxy was asked for and is not there')
    const gateway = haproxy ? 'haproxy' as const : 'embedded' as const
    ensurePages(ROOT, stage.say)
    if (options.containers === 'docker') await prepareDocker(options.docker, stage)
    server = await startServer({ main: join(ROOT, 'cli/bin/vamp.mjs'), directory: resolve(options.data), port: options.port, gateway, containers: options.containers, docker: options.docker })
    stage.say(`Vamp runs at ${server.url}: open it in a browser and watch along (log: ${server.logFile}).`)
    stage.say('The release policies of this demonstration set short clock minimums, because it must end; never less evidence.')
    const story = await tell(connect(server.url, file => readFile(file, 'utf8')), stage, gateway, options.containers === 'docker' ? 'examples/shop/docker' : 'examples/shop', ending.signal)
    visitors = story.visitors
    await conclude(options, stage, server, story.told, ending.signal)
    return 0
  } catch (error) {
    if (ending.signal.aborted) stage.say('Interrupted.')
    else stage.say(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`)
    return ending.signal.aborted ? 130 : 1
  } finally {
    await visitors?.stop()
    stage.say('Stopping everything …')
    await server?.stop()
    stage.say('Stopped.')
  }
}

async function prepareDocker(host: string, stage: Stage): Promise<void> {
  const { ensureShopImage, SHOP_IMAGE } = await import('./shop-image.ts')
  const made = await ensureShopImage(host, 'examples/shop/shop.ts').catch(error => { throw isNoEngine(error) ? new Error(`${error.message}: --docker names another one, and without --containers docker the shop runs as processes`, { cause: error }) : error })
  stage.say(made ? `The image ${SHOP_IMAGE} was made from Node.js and the shop on this machine.` : `The image ${SHOP_IMAGE} is there.`)
}

const isNoEngine = (error: unknown): error is Fault => error instanceof Fault && error.code === 'container_unavailable'

async function conclude({ exit, json }: DemoOptions, stage: Stage, server: ServerProcess, told: Told, signal: AbortSignal): Promise<void> {
  stage.chapter('The end')
  for (const release of told.releases) stage.say(`${release.to.padEnd(8)} ${release.verdict.replace('_', ' ').padEnd(12)} after ${release.seconds} s; ${release.failed} of its ${release.requests} requests failed`)
  stage.say(`${told.requests} visits in all, ${told.failed} failed.`)
  if (json) process.stdout.write(`${JSON.stringify(told)}\n`)
  if (exit) return
  stage.say(`Everything goes on running: the shop at http://127.0.0.1:9050, Vamp at ${server.url} (API: ${server.url}/docs). Ctrl-C stops all of it.`)
  await Promise.race([server.ended, new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))])
}
