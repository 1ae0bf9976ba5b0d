/** Who asks, and what answered: every service of this bench answers with its own name. */
import { Agent, request } from 'node:http'
import { systemClock as clock } from '../../agent/src/base/clock.ts'

const LOOK_MS = 10
const GIVE_UP_MS = 240_000

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

/** Asks until so many different ones have answered. */
export async function meet(port: number, count: number, except: ReadonlySet<string> = new Set()): Promise<ReadonlySet<string>> {
  const met = new Set<string>()
  for (const until = clock.monotonic() + GIVE_UP_MS; met.size < count; await clock.sleep(LOOK_MS)) {
    if (clock.monotonic() > until) throw new Error(`only ${met.size} of ${count} ever answered`)
    const name = await ask(port)
    if (name !== undefined && !except.has(name)) met.add(name)
  }
  return met
}

/** Asks one until it answers. */
export async function answers(port: number, host?: string): Promise<void> {
  for (const until = clock.monotonic() + GIVE_UP_MS; await ask(port, host) === undefined; await clock.sleep(LOOK_MS))
    if (clock.monotonic() > until) throw new Error(`nothing answers at ${port}`)
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
