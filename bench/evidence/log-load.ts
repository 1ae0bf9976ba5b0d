/**
 * Lines as HAProxy writes them, told to an agent over the socket of its command line: as fast as it takes them, in turns with a reader
 * that does nothing but count newlines, and at a steady rate.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of each route. */
export const INSTANCES = 2
export interface Measured { readonly lines: number; readonly cpuMicroseconds: number }
export interface LogFigures {
  /** For each second of the agent's time on a core; median of the rounds. */
  readonly linesPerSecond: number
  /** Newlines that the bare reader counts in a second of its own. */
  readonly barePerSecond: number
  /** Median of the rounds' ratios. */
  readonly ratio: number
  /** Lost or not told of in a window. */
  readonly missing: number
  /** Of one core, at the steady rate. */
  readonly share: number
}
export interface LogLoad { readonly routes: number; readonly lines: number; readonly rounds: number; readonly steadyPerSecond: number; readonly steadySeconds: number }

const WORKER = 4711
const BLOCK_LINES = 20_000
const WARM_LINES = 400_000
const PAUSE_MS = 10
const QUIET_MS = 3000

export async function measureLog({ routes, lines, rounds, steadyPerSecond, steadySeconds }: LogLoad): Promise<LogFigures> {
  const windows = await countWindows()
  const agent = await openReader(directory => ['log-agent.ts', windows.url, directory, String(routes)], routes)
  const bare = await openReader(directory => ['log-bare.ts', directory], routes)
  try {
    // Code that runs often is compiled.
    for (const reader of [agent, bare]) await reader.send(WARM_LINES)
    // Nobody answered the agent meanwhile.
    await sleep(QUIET_MS)
    const rates: { ours: number; bare: number }[] = []
    for (let round = 0; round < rounds; round++) rates.push({ ours: await agent.send(Math.ceil(lines / rounds)), bare: await bare.send(Math.ceil(lines / rounds)) })

    await sleep(QUIET_MS)
    const before = await agent.measured()
    const perPause = Math.round(steadyPerSecond * PAUSE_MS / 1000)
    const started = performance.now()
    for (let turn = 1; turn <= steadySeconds * 1000 / PAUSE_MS; turn++) {
      await agent.write(perPause)
      await sleep(Math.max(0, started + turn * PAUSE_MS - performance.now()))
    }
    const after = await agent.reached()
    const seconds = (performance.now() - started) / 1000
    for (let tries = 0; windows.requests() < after.lines && tries < 100; tries++) await sleep(100)
    const sent = after.lines - before.lines
    return {
      linesPerSecond: median(rates.map(({ ours }) => ours)), barePerSecond: median(rates.map(rate => rate.bare)), ratio: median(rates.map(rate => rate.ours / rate.bare)),
      missing: after.lines - windows.requests(), share: (after.cpuMicroseconds - before.cpuMicroseconds) / 1e6 / seconds * (steadyPerSecond / (sent / seconds)),
    }
  } finally {
    for (const reader of [agent, bare]) reader.close()
    windows.close()
  }
}

/** A server that takes windows and counts their requests, each window once. */
async function countWindows() {
  const counted = new Map<number, number>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk as Buffer)).on('end', () => {
      const body = Buffer.concat(chunks).toString()
      if (request.method === 'POST' && body.startsWith('{')) {
        const { sequence, cells = [], dropped = 0 } = JSON.parse(body) as { sequence?: number; cells?: readonly { requests: number }[]; dropped?: number }
        if (sequence !== undefined) counted.set(sequence, dropped + cells.reduce((sum, { requests }) => sum + requests, 0))
      }
      response.writeHead(request.method === 'GET' ? 404 : 204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => [...counted.values()].reduce((sum, count) => sum + count, 0),
    close() { server.closeAllConnections(); server.close() },
  }
}

/** A process that reads a ring, and the ring. */
async function openReader(program: (directory: string) => readonly string[], routes: number) {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-log-'))
  const ring = createSocketServer().listen(join(directory, 'admin.sock'))
  const asked = once(ring, 'connection') as Promise<[Socket]>
  const [file = '', ...args] = program(directory)
  const child = fork(new URL(file, import.meta.url), args)
  const [socket] = await asked
  await once(socket, 'data')
  socket.resume()
  const head = file === 'log-agent.ts' ? `Pid: ${WORKER}\nStopping: 0\n\n` : ''
  socket.write(head)
  const line = lineMaker(routes)
  let written = 0
  const write = async (lines: number) => {
    written += lines
    for (const block of blocksOf(line, lines)) if (!socket.write(block)) await once(socket, 'drain')
  }
  const reached = () => reachedBy(child, written)
  return {
    write, reached, measured: () => measured(child),
    /** So many lines, all at once; how many are read in a second of the reader's time on a core. */
    async send(lines: number) {
      const blocks = blocksOf(line, lines)
      const before = await measured(child)
      written += lines
      for (const block of blocks) if (!socket.write(block)) await once(socket, 'drain')
      const after = await reached()
      return (after.lines - before.lines) / (after.cpuMicroseconds - before.cpuMicroseconds) * 1e6
    },
    close() {
      child.disconnect()
      ring.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
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
    const failed = index % 97 === 0
    return `h${counters[route]} g${route} b${route} shop-web-${index % INSTANCES} ${failed ? 503 : 200} - ${us}${failed ? `:GET:/shop/item/${index % 64}` : ''} ${Math.round(us / 1000)} 1312 -- ${(index >> 1) & 7} ${Math.floor(Date.now() / 1000)}\n`
  }
}

function blocksOf(line: () => string, lines: number): Buffer[] {
  return Array.from({ length: Math.ceil(lines / BLOCK_LINES) }, (_, block) => Buffer.from(Array.from({ length: Math.min(BLOCK_LINES, lines - block * BLOCK_LINES) }, line).join('')))
}

async function measured(child: ChildProcess): Promise<Measured> {
  const answer = once(child, 'message')
  child.send('measure')
  return (await answer)[0] as Measured
}

/** When it has read so many lines; fails when it stops short. */
async function reachedBy(child: ChildProcess, lines: number): Promise<Measured> {
  for (let [last, still] = [-1, 0]; ;) {
    const now = await measured(child)
    if (now.lines >= lines) return now
    still = now.lines === last ? still + 1 : 0
    if (still > 200) throw new Error(`${lines - now.lines} of ${lines} lines did not arrive`)
    last = now.lines
    await sleep(20)
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}
