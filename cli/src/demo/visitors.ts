/**
 * Steady visitors for the demonstration: an open loop, so that a slow shop gets no fewer requests, over kept and fresh
 * connections alike. Every answer is counted by the version that gave it; a request that got none is counted too.
 */
import { Agent, request } from 'node:http'

export interface Visits {
  readonly requests: number
  readonly failed: number
  /** By the version that answered; `none` where nobody did. */
  readonly byVersion: Readonly<Record<string, { readonly requests: number; readonly failed: number }>>
}

export interface Visitors {
  readonly visits: Visits
  /** Stops sending, waits for the answers that are still out. */
  stop(): Promise<Visits>
}

const PATHS = [['GET', '/'], ['GET', '/products'], ['GET', '/products/1'], ['GET', '/products/2'], ['GET', '/products/3'], ['POST', '/cart?user=mina&product=2']] as const
const TICK_MS = 20
/** An answer later than this counts as failed. */
const ANSWER_MS_MAX = 10_000
/** Every so many requests one comes over a connection of its own. */
const FRESH_CONNECTION_EVERY = 10

export function startVisitors({ host, port, perSecond }: { host: string; port: number; perSecond: number }): Visitors {
  const kept = new Agent({ keepAlive: true, maxSockets: 32 })
  const byVersion: Record<string, { requests: number; failed: number }> = {}
  const out = new Set<Promise<void>>()
  let total = 0
  let failed = 0
  let sent = 0
  const started = performance.now()

  const count = (version: string, ok: boolean) => {
    const entry = byVersion[version] ?? { requests: 0, failed: 0 }
    byVersion[version] = entry
    entry.requests++
    total++
    if (!ok) { entry.failed++; failed++ }
  }
  const visit = (index: number) => new Promise<void>(resolve => {
    const [method, path] = PATHS[index % PATHS.length] ?? PATHS[0]
    const fresh = index % FRESH_CONNECTION_EVERY === 0
    let ended = false
    const end = (version: string, ok: boolean) => {
      if (!ended) count(version, ok)
      ended = true
      resolve()
    }
    const asked = request({ host, port, path, method, agent: fresh ? false : kept, headers: fresh ? { connection: 'close' } : {}, timeout: ANSWER_MS_MAX }, response => {
      const version = String(response.headers['x-shop-version'] ?? 'none')
      response.resume()
      response.once('end', () => end(version, (response.statusCode ?? 0) < 500))
      response.once('error', () => end(version, false))
    })
    asked.once('timeout', () => asked.destroy(new Error('timed out')))
    asked.once('error', () => end('none', false))
    asked.end()
  })

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond)
    for (; sent < due; sent++) {
      const answered = visit(sent).finally(() => out.delete(answered))
      out.add(answered)
    }
  }, TICK_MS)

  const visits = (): Visits => ({ requests: total, failed, byVersion })
  return {
    get visits() { return visits() },
    async stop() {
      clearInterval(timer)
      await Promise.all(out)
      kept.destroy()
      return visits()
    },
  }
}
