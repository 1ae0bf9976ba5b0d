/**
 * The independent recorder: visitors on kept connections who write down what each of their requests came to. A process of its own,
 * so that nobody else's work is in their times.
 *
 *     node bench/evidence/exact-visitors.ts PORT REQUESTS CONNECTIONS
 */
import { Agent, request } from 'node:http'

export interface Recorded {
  readonly answered: number
  /** Requests that ended without an answer. */
  readonly broken: number
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Milliseconds from the request to the head of the answer, ascending. */
  readonly times: readonly number[]
}

const [port = 0, requests = 0, connections = 1] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
const statuses: Record<string, number> = {}
const times: number[] = []
let [begun, broken] = [0, 0]

/** Long enough that the clocks of three processes differ by nothing that counts. */
function delayOf(index: number): number {
  return 150 + 850 * (((index * 2_654_435_761) % 2 ** 32) / 2 ** 32) ** 2
}

function ask(index: number): Promise<void> {
  return new Promise(resolve => {
    let started = performance.now()
    const sent = request({ host: '127.0.0.1', port, agent, path: `/?ms=${delayOf(index).toFixed(1)}&status=${index % 50 === 0 ? 503 : 200}` }, response => {
      times.push(performance.now() - started)
      statuses[String(response.statusCode)] = (statuses[String(response.statusCode)] ?? 0) + 1
      response.resume().once('close', resolve)
    })
    sent.once('socket', socket => { if (socket.connecting) socket.once('connect', () => { started = performance.now() }); else started = performance.now() })
    sent.once('error', () => { broken++; resolve() })
    sent.end()
  })
}

async function visitor(): Promise<void> {
  while (begun < requests) await ask(begun++)
}

await Promise.all(Array.from({ length: connections }, visitor))
agent.destroy()
// Whoever disconnects at once may take back what was not sent yet.
process.send?.({ answered: times.length, broken, statuses, times: times.sort((a, b) => a - b) } satisfies Recorded, () => process.disconnect())
