/**
 * Steady visitors: an open loop, so that a slow service gets no fewer requests, over kept and fresh connections alike. Every
 * request is counted under what answered it; one that got no answer is counted too.
 */
import { Agent, type IncomingMessage, request } from 'node:http'

export interface Visits {
  /** Answered, or given up. */
  readonly requests: number
  readonly failed: number
  /** Under way. */
  readonly waiting: number
  /** Not sent, because too many were under way. */
  readonly skipped: number
  /** By the version that answered, or whatever `nameOf` says; `none` where nobody did. */
  readonly byVersion: Readonly<Record<string, { readonly requests: number; readonly failed: number }>>
  /** Why there was no answer of any version: an error's code, or the status that somebody else answered with. */
  readonly unanswered: Readonly<Record<string, number>>
  /** Answers that were not whole. */
  readonly brokenOff: number
  /** Sent again on a fresh connection: the other side had closed the kept one before anything of an answer came. */
  readonly repeated: number
  /** Milliseconds of the newest answers, counted from when each request was due; at most `LATENCIES_KEPT`, ascending. */
  latencies(): readonly number[]
}

export interface Visitors {
  readonly visits: Visits
  /** Stops sending, waits for the answers that are still out. */
  stop(): Promise<Visits>
}

export interface VisitorsOptions {
  readonly host: string
  readonly port: number
  readonly perSecond: number
  /** Asked for in turn; the shop's pages if not given. */
  readonly pages?: readonly Page[]
  readonly headers?: Readonly<Record<string, string>>
  /** Whether what a closed connection swallowed is sent once more where that is the same as once, as browsers do; if not given it counts as failed. */
  readonly sendAgain?: boolean
  /** What an answer is counted under; the shop's version if not given. */
  readonly nameOf?: (answer: IncomingMessage) => string
}

export type Page = readonly [method: string, path: string]

const SHOP_PAGES: readonly Page[] = [['GET', '/'], ['GET', '/products'], ['GET', '/products/1'], ['GET', '/products/2'], ['GET', '/products/3'], ['POST', '/cart?user=mina&product=2']]
/** Requests go out up to so much later than they are due. */
const TICK_MS = 4
/** An answer later than this counts as failed. */
export const ANSWER_MS_MAX = 10_000
/** Every so many requests one comes over a connection of its own. */
const FRESH_CONNECTION_EVERY = 10
const CONNECTIONS_MAX = 256
/** Sending them twice is the same as once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
/** How a connection ends that the other side has closed. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])
/** More under way than this are not sent; the service has other troubles then. */
const WAITING_MAX = 2000
export const LATENCIES_KEPT = 10_000

export function startVisitors({ host, port, perSecond, pages = SHOP_PAGES, headers = {}, sendAgain = false, nameOf = shopVersion }: VisitorsOptions): Visitors {
  const kept = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })
  const tally = openTally()
  const out = new Set<Promise<void>>()
  let sent = 0
  const started = performance.now()

  const visit = (index: number, due: number) => new Promise<void>(resolve => {
    const [method, path] = pages[index % pages.length] ?? ['GET', '/']
    let ended = false
    const end = (name: string, ok: boolean, why: string, answered: 'whole' | 'in part' | 'not at all') => {
      if (!ended) tally.count(name, ok, why, answered, performance.now() - due)
      ended = true
      resolve()
    }
    const send = (fresh: boolean) => {
      let answering = false
      const asked = request({ host, port, path, method, agent: fresh ? false : kept, headers: { ...headers, ...(fresh ? { connection: 'close' } : {}) }, timeout: ANSWER_MS_MAX }, answer => {
        answering = true
        const name = nameOf(answer)
        answer.resume()
        answer.once('end', () => end(name, (answer.statusCode ?? 0) < 500, String(answer.statusCode), 'whole'))
        answer.once('error', error => end(name, false, codeOf(error), 'in part'))
      })
      asked.once('timeout', () => asked.destroy(new Error(TIMED_OUT)))
      asked.once('error', error => {
        if (sendAgain && asked.reusedSocket && !answering && CLOSED.has(codeOf(error)) && IDEMPOTENT.has(method)) {
          tally.repeat()
          send(true)
        } else end('none', false, `${codeOf(error)} ${fresh ? 'fresh' : asked.reusedSocket ? 'kept' : 'opened'}`, 'not at all')
      })
      asked.end()
    }
    send(index % FRESH_CONNECTION_EVERY === 0)
  })

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond)
    for (; sent < due; sent++) {
      if (out.size >= WAITING_MAX) { tally.skip(); continue }
      const answered = visit(sent, started + ((sent + 1) * 1000) / perSecond).finally(() => out.delete(answered))
      out.add(answered)
    }
  }, TICK_MS)

  return {
    get visits() { return tally.visits(out.size) },
    async stop() {
      clearInterval(timer)
      await Promise.all(out)
      kept.destroy()
      return tally.visits(0)
    },
  }
}

export const TIMED_OUT = 'timed out'
const codeOf = (error: Error) => (error as NodeJS.ErrnoException).code ?? error.message

const shopVersion = ({ headers }: IncomingMessage) => String(headers['x-shop-version'] ?? 'none')

function openTally() {
  const byVersion: Record<string, { requests: number; failed: number }> = {}
  const unanswered: Record<string, number> = {}
  const ring = new Float64Array(LATENCIES_KEPT)
  let [total, failed, skipped, whole, brokenOff, repeated] = [0, 0, 0, 0, 0, 0]
  return {
    count(name: string, ok: boolean, why: string, answered: 'whole' | 'in part' | 'not at all', latencyMs: number) {
      if (name === 'none') unanswered[why] = (unanswered[why] ?? 0) + 1
      const entry = byVersion[name] ?? { requests: 0, failed: 0 }
      byVersion[name] = entry
      entry.requests++
      if (answered === 'whole') ring[whole++ % LATENCIES_KEPT] = latencyMs
      if (answered === 'in part') brokenOff++
      total++
      if (!ok) { entry.failed++; failed++ }
    },
    skip() { skipped++ },
    repeat() { repeated++ },
    visits: (waiting: number): Visits => ({ requests: total, failed, waiting, skipped, byVersion, unanswered, brokenOff, repeated, latencies: () => [...ring.subarray(0, Math.min(whole, LATENCIES_KEPT)).toSorted()] }),
  }
}
