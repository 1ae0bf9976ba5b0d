/** Lines as HAProxy writes them, told to an agent over the socket of its command line: as fast as it takes them, and at a steady rate. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Of each route. */
export const INSTANCES = 2
export interface Measured { readonly lines: number; readonly cpuMicroseconds: number }
export interface LogFigures {
  /** For each second of the agent's time on a core. */
  readonly linesPerSecond: number
  /** Lost or not told of in a window. */
  readonly missing: number
  /** Of one core, at the steady rate. */
  readonly share: number
}
export interface LogLoad { readonly routes: number; readonly lines: number; readonly steadyPerSecond: number; readonly steadySeconds: number }

const WORKER = 4711
const BLOCK_LINES = 20_000
const WARM_LINES = 400_000
const PAUSE_MS = 10
const QUIET_MS = 3000

export async function measureLog({ routes, lines, steadyPerSecond, steadySeconds }: LogLoad): Promise<LogFigures> {
  let counted = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk as Buffer)).on('end', () => {
      if (request.method === 'POST') counted += requestsIn(Buffer.concat(chunks).toString())
      response.writeHead(request.method === 'GET' ? 404 : 204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-log-'))
  const ring = createSocketServer().listen(join(directory, 'admin.sock'))
  const asked = once(ring, 'connection') as Promise<[Socket]>
  const agent = fork(new URL('log-agent.ts', import.meta.url), [`http://127.0.0.1:${(server.address() as AddressInfo).port}`, directory, String(routes)])
  try {
    const [socket] = await asked
    await once(socket, 'data')
    socket.write(`Pid: ${WORKER}\nStopping: 0\n\n`)
    const send = async (block: Buffer) => { if (!socket.write(block)) await once(socket, 'drain') }
    const line = lineMaker(routes)
    const sendAll = async (blocks: readonly Buffer[]) => { for (const block of blocks) await send(block) }
    // Code that runs often is compiled.
    await sendAll(blocksOf(line, WARM_LINES))
    await reached(agent, WARM_LINES)

    const blocks = blocksOf(line, lines)
    // Nobody answered the agent meanwhile.
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    const before = await measured(agent)
    await sendAll(blocks)
    const after = await reached(agent, before.lines + lines)

    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    const quiet = await measured(agent)
    const perPause = Math.round(steadyPerSecond * PAUSE_MS / 1000)
    const started = performance.now()
    let sent = 0
    for (let turn = 1; turn <= steadySeconds * 1000 / PAUSE_MS; turn++) {
      await send(Buffer.from(Array.from({ length: perPause }, line).join('')))
      sent += perPause
      await new Promise(resolve => setTimeout(resolve, Math.max(0, started + turn * PAUSE_MS - performance.now())))
    }
    const busy = await reached(agent, quiet.lines + sent)
    const seconds = (performance.now() - started) / 1000
    for (let tries = 0; counted < busy.lines && tries < 100; tries++) await new Promise(resolve => setTimeout(resolve, 100))
    return {
      linesPerSecond: (after.lines - before.lines) / (after.cpuMicroseconds - before.cpuMicroseconds) * 1e6,
      missing: busy.lines - counted, share: (busy.cpuMicroseconds - quiet.cpuMicroseconds) / 1e6 / seconds * (steadyPerSecond / (sent / seconds)),
    }
  } finally {
    agent.disconnect()
    server.closeAllConnections()
    server.close()
    ring.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function requestsIn(body: string): number {
  const { cells = [], dropped = 0 } = body.startsWith('{') ? JSON.parse(body) as { cells?: readonly { requests: number }[]; dropped?: number } : {}
  return dropped + cells.reduce((sum, { requests }) => sum + requests, 0)
}

/** Every frontend numbers its lines; routes take turns in an order that visits far ones, as visitors do. */
function lineMaker(routes: number): () => string {
  const counters = new Int32Array(routes)
  let index = 0
  return () => {
    const route = (index * 7919) % routes
    const us = 800 + Math.imul(index, 2_654_435_761 | 0) % 20_000 + 20_000
    counters[route] = (counters[route] ?? 0) + 1
    index++
    return `h ${WORKER} ${counters[route]} g${route} b${route} s${index % INSTANCES} ${index % 97 === 0 ? 503 : 200} - ${us} ${us + 20} 1312 -- ${(index >> 1) & 7} ${Date.now() * 1000}\n`
  }
}

function blocksOf(line: () => string, lines: number): Buffer[] {
  return Array.from({ length: Math.ceil(lines / BLOCK_LINES) }, (_, block) => Buffer.from(Array.from({ length: Math.min(BLOCK_LINES, lines - block * BLOCK_LINES) }, line).join('')))
}

async function measured(agent: ChildProcess): Promise<Measured> {
  const answer = once(agent, 'message')
  agent.send('measure')
  return (await answer)[0] as Measured
}

/** When it has read so many lines; fails when it stops short. */
async function reached(agent: ChildProcess, lines: number): Promise<Measured> {
  for (let [last, still] = [-1, 0]; ;) {
    const now = await measured(agent)
    if (now.lines >= lines) return now
    still = now.lines === last ? still + 1 : 0
    if (still > 200) throw new Error(`${lines - now.lines} of ${lines} lines did not arrive`)
    last = now.lines
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
