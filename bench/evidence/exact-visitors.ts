/**
 * The independent recorder: visitors on kept connections who write down what each of their requests came to. A process of its own,
 * so that nobody else's work is in their times, and on plain sockets, so that there is little of its own.
 *
 *     node bench/evidence/exact-visitors.ts PORT REQUESTS CONNECTIONS [REQUESTS-A-SECOND]
 */
import { createConnection, type Socket } from 'node:net'

export interface Recorded {
  readonly answered: number
  /** Requests that ended without an answer. */
  readonly broken: number
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly perSecond: number
  /** Milliseconds from the request to the head of the answer, ascending. */
  readonly times: readonly number[]
}

const [port = 0, requests = 0, connections = 1, rate = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number)
const statuses: Record<string, number> = {}
const times: number[] = []
let [begun, broken] = [0, 0]
const began = performance.now()

/** Long enough that what the kernel and three processes need for a request is nothing that counts. */
const [LEAST_MS, MORE_MS] = [600, 2000]

function delayOf(index: number): number {
  return LEAST_MS + MORE_MS * (((index * 2_654_435_761) % 2 ** 32) / 2 ** 32) ** 2
}

const requestOf = (index: number) => `GET /?ms=${delayOf(index).toFixed(1)}&status=${index % 50 === 0 ? 503 : 200} HTTP/1.1\r\nhost: exact\r\n\r\n`

/** Where there is a rate, request `n` begins no sooner than `n` divided by it. */
const due: { readonly at: number; readonly begin: () => void }[] = []
function whenDue(index: number, begin: () => void): void {
  const at = began + index / rate * 1000
  if (at <= performance.now()) begin()
  else due.push({ at, begin })
}
const pacing = Number.isFinite(rate) ? setInterval(() => {
  let count = 0
  while (count < due.length && (due[count]?.at ?? 0) <= performance.now()) count++
  for (const { begin } of due.splice(0, count)) begin()
}, 2) : undefined

/** One after the other, each on the connection of the one before if that is still there. */
function visitor(): Promise<void> {
  return new Promise(resolve => {
    const next = (kept?: Socket) => {
      if (begun >= requests) { kept?.destroy(); resolve(); return }
      const index = begun++
      whenDue(index, () => ask(index, kept, next))
    }
    next()
  })
}

function ask(index: number, kept: Socket | undefined, next: (kept?: Socket) => void): void {
  const socket = kept ?? createConnection({ port, host: '127.0.0.1', noDelay: true })
  let [started, text] = [0, '']
  const end = (answered: boolean, again?: Socket) => {
    socket.removeAllListeners()
    socket.on('error', () => {})
    if (!answered) broken++
    if (!again) socket.destroy()
    next(again)
  }
  const send = () => { started = performance.now(); socket.write(requestOf(index)) }
  socket.on('data', chunk => {
    if (text === '') times.push(performance.now() - started)
    text += chunk.toString('latin1')
    if (!text.endsWith('\r\n\r\nok\n') && !text.includes('</html>')) return
    const status = text.slice(9, 12)
    statuses[status] = (statuses[status] ?? 0) + 1
    end(true, /^connection: close/im.test(text) ? undefined : socket)
  })
  socket.on('error', () => {})
  socket.on('close', () => end(text !== ''))
  if (kept) send()
  else socket.on('connect', send)
}

/** Not all at once: a queue of connections that wait to be taken is long, but not that long. */
const visitors: Promise<void>[] = []
for (let count = 0; count < connections; count++) {
  visitors.push(visitor())
  if (count % 20 === 19) await new Promise(resolve => setTimeout(resolve, 5))
}
await Promise.all(visitors)
clearInterval(pacing)
const seconds = (performance.now() - began) / 1000
// Whoever disconnects at once may take back what was not sent yet.
process.send?.({ answered: times.length, broken, statuses, perSecond: times.length / seconds, times: times.sort((a, b) => a - b) } satisfies Recorded, () => process.disconnect())
