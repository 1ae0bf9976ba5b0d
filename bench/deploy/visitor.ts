/** Who asks, and what answered: every service of this bench answers with its own name. */
import { Agent, request } from 'node:http'
import { systemClock as clock } from '../../agent/src/base/clock.ts'

const GIVE_UP_MS = 240_000

/** From one question to the next, for everybody: a twentieth of the time waited so far, so that asking costs as little as it blurs. */
const PACE_MS_MIN = 2
const PACE_MS_MAX = 50
const paceMs = (waitedMs: number) => Math.min(PACE_MS_MAX, Math.max(PACE_MS_MIN, waitedMs / 20))

/** The answer, or nothing where there was none. */
export function ask(port: number, host = '127.0.0.1', agent: Agent | false = false): Promise<string | undefined> {
  return new Promise(done => {
    const asked = request({ host, port, agent, timeout: 5000 }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('end', () => done(response.statusCode === 200 ? text : undefined))
      response.on('error', () => done(undefined))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => done(undefined))
    asked.end()
  })
}

/**
 * Asks until so many different ones have answered. `complete`: whether the proxy gives requests to all of them; from then on
 * the visitor asks without a pause, or it would measure its own pauses: it meets them in turn. `quietMs`: before that nobody can have
 * answered, and whoever asked would only take the time of those that start.
 */
export async function meet(port: number, count: number, { except = new Set(), complete, quietMs = 0 }: { readonly except?: ReadonlySet<string>; readonly complete?: () => Promise<boolean>; readonly quietMs?: number } = {}): Promise<ReadonlySet<string>> {
  const met = new Set<string>()
  await clock.sleep(quietMs)
  const began = clock.monotonic()
  for (let [all, askedMs] = [false, 0]; ;) {
    const name = await ask(port)
    const fresh = name !== undefined && !except.has(name) && !met.has(name)
    if (fresh) met.add(name)
    if (met.size >= count) return met
    const waitedMs = clock.monotonic() - began
    if (waitedMs > GIVE_UP_MS) throw new Error(`only ${met.size} of ${count} ever answered`)
    // Seldom: HAProxy counts its servers on the time of those that start.
    if (!all && complete && waitedMs - askedMs >= waitedMs / 50) {
      askedMs = waitedMs
      all = await complete()
    }
    if (!fresh && !all) await clock.sleep(paceMs(waitedMs))
  }
}

/** Asks one until it answers. */
export async function answers(port: number, host?: string): Promise<void> {
  const began = clock.monotonic()
  while (await ask(port, host) === undefined) {
    const waitedMs = clock.monotonic() - began
    if (waitedMs > GIVE_UP_MS) throw new Error(`nothing answers at ${port}`)
    await clock.sleep(paceMs(waitedMs))
  }
}

export interface Load { stop(): Promise<{ readonly requests: number; readonly failed: number }> }

/** So many connections ask without a pause, half of them with a new connection for each request. */
export function load(port: number, connections: number): Load {
  const agent = new Agent({ keepAlive: true })
  let running = true
  let [requests, failed] = [0, 0]
  const visitors = Array.from({ length: connections }, async (_, index) => {
    while (running) {
      const name = await ask(port, '127.0.0.1', index % 2 === 0 ? agent : false)
      requests++
      if (name === undefined) failed++
    }
  })
  return {
    async stop() {
      running = false
      await Promise.all(visitors)
      agent.destroy()
      return { requests, failed }
    },
  }
}
