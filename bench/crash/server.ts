/** The server as a program that may be killed at any moment, and the operator who asks it until it has answered. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { freePorts } from '../free-ports.ts'

const MAIN = fileURLToPath(new URL('../../cli/bin/vamp.mjs', import.meta.url))
const GIVE_UP_MS = 600_000
const AGAIN_MS = 50
const SUPERVISED_MS = 500
/** Of the data directory: without it the next server does not know what runs. */
const NEEDED = ['vamp.db', 'server.json', 'docker-owner', 'haproxy/process.json'] as const

export interface Server {
  /** Until an answer came, from whichever life of the server. Throws what it refuses. */
  ask<T>(method: string, path: string, body?: object): Promise<T>
  readonly lives: boolean
  /** When there was none that answered, by the monotonic clock; infinite as long as there is none. */
  readonly away: readonly { readonly from: number; readonly to: number }[]
  /** When it answers; at once if it does not live. */
  ready(): Promise<void>
  kill(): Promise<void>
  start(): void
  /** Somebody removes all that it keeps. Resolves when what the next one needs is there again; throws if it never is. */
  loseData(): Promise<void>
  /** One after the other. `early`: every other one, which may kill it before it answers; if all did, nothing would ever be done. */
  alone(work: (early: boolean) => Promise<void>): Promise<void>
  /** Tells it to end everything. */
  stop(): Promise<void>
}

/** `log`: the file for what all of its lives say. */
export async function openServer(directory: string, flags: readonly string[], log: string): Promise<Server> {
  const [port] = await freePorts(1)
  const output = openSync(log, 'a')
  let child: ChildProcess | undefined
  const away: { readonly from: number; to: number }[] = []
  let cancelAgain = () => {}
  const start = () => {
    cancelAgain()
    child = spawn(process.execPath, [MAIN, 'up', '--port', String(port), '--data', join(directory, 'data'), '--on-exit', 'stop', '--gateway', 'haproxy', '--log-level', 'debug', ...flags], { stdio: ['ignore', output, output] })
    const born = child
    // One that ends by itself, as where there is no engine, is started again, as whoever runs servers does.
    born.once('exit', code => {
      if (child !== born || code === null || ended) return
      away.push({ from: clock.monotonic(), to: Number.POSITIVE_INFINITY })
      cancelAgain = clock.after(SUPERVISED_MS, () => { if (!ended) start() })
    })
    void ready().then(() => { if (child === born && lives()) for (const time of away) time.to = Math.min(time.to, clock.monotonic()) })
  }
  const lives = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const ready = async () => {
    while (lives() && !(await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`).then(({ ok }) => ok, () => false))) await clock.sleep(AGAIN_MS)
  }
  let ended = false
  let [tail, early] = [Promise.resolve(), true]
  const end = async (signal: NodeJS.Signals) => {
    const ending = child
    if (!ending || !lives()) return
    const ended = once(ending, 'exit')
    ending.kill(signal)
    await ended
  }
  return {
    get lives() { return lives() },
    away,
    async ask<T>(method: string, path: string, body?: object) {
      for (const until = clock.monotonic() + GIVE_UP_MS; ; await clock.sleep(AGAIN_MS)) {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) }).catch(() => undefined)
        const text = await response?.text().catch(() => undefined)
        if (response?.ok && text !== undefined) return (text === '' ? undefined : JSON.parse(text)) as T
        // Not ready yet, or somebody wrote at the same time.
        if (response && text !== undefined && ![409, 412, 500, 503].includes(response.status)) throw new Error(`${method} ${path}: ${response.status} ${text}`)
        if (clock.monotonic() > until) throw new Error(`${method} ${path} is never answered: ${response?.status} ${text}`)
      }
    },
    ready,
    async kill() {
      // Whoever kills it starts the next one.
      cancelAgain()
      away.push({ from: clock.monotonic(), to: Number.POSITIVE_INFINITY })
      await end('SIGKILL')
    },
    start,
    async loseData() {
      const there = () => NEEDED.filter(name => existsSync(join(directory, 'data', name)))
      const before = there()
      rmSync(join(directory, 'data'), { recursive: true, force: true, maxRetries: 20 })
      for (const until = clock.monotonic() + GIVE_UP_MS; lives() && there().length < before.length; await clock.sleep(AGAIN_MS)) if (clock.monotonic() > until) throw new Error(`of ${before.join(', ')} only ${there().join(', ')} came back`)
    },
    alone(work) {
      tail = tail.then(() => { early = !early; return work(early) })
      return tail
    },
    async stop() {
      // Before it has found what an earlier life left running it could not end it.
      await ready()
      ended = true
      await end('SIGTERM')
    },
  }
}
