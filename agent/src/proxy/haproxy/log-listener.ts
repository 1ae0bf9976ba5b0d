/** Takes the request log from HAProxy, over both its ways; whoever opens the directory next picks the stream up at the same doors. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { Socket as DatagramSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import type { Sample } from '../proxy.ts'
import { writeAtomic } from './files.ts'
import { ledgerWriter, readLedger } from './log-ledger.ts'
import { logParser } from './log-line.ts'
import type { LoggedCopy, LogNames } from './log-line.ts'
import { lostLines } from './lost-lines.ts'

/** Where HAProxy is to send its log: a port of the loopback, TCP and UDP. */
export interface LogDoor { readonly port: number; readonly secret: string }

export interface LogListener {
  readonly door: LogDoor
  /** Begins to read; before, HAProxy and the kernel keep what comes. */
  open(): void
  /** So many of the requests that were told are counted for good. */
  settled(requests: number): void
  close(): Promise<void>
}

export interface LogListenerOptions {
  readonly directory: string
  readonly clock: Clock
  readonly names: () => LogNames
  readonly onSamples: (samples: readonly Sample[], dropped: number) => void
  readonly onCopy: (copy: LoggedCopy) => void
}

/** What the kernel keeps of datagrams, about 2 000 lines. */
const DATAGRAM_BUFFER_BYTES = 2 * 1024 * 1024

export async function openLogListener(options: LogListenerOptions): Promise<LogListener> {
  const before = await readLedger(options.directory)
  const keep = ledgerWriter(options.directory)
  const lost = lostLines(before.streams)
  /** Of an agent that was killed: nobody counts them any more. */
  let orphaned = before.pending
  let pending = 0
  const deliver = (samples: readonly Sample[]) => {
    const dropped = lost.take(options.clock.monotonic()) + orphaned
    orphaned = 0
    pending += samples.length + dropped
    if (samples.length > 0 || dropped > 0) options.onSamples(samples, dropped)
  }
  const path = join(options.directory, 'log.json')
  const kept = await keptDoor(path)
  const { server, datagrams, port } = await bindDoor(kept.port)
  const door = { port, secret: kept.secret }
  await writeAtomic(path, JSON.stringify(door))
  const opened = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const read = (connection: Socket) => {
    const parser = logParser('ring', options.names, lost, options.onCopy)
    connection.on('data', chunk => {
      const samples: Sample[] = []
      parser.push(chunk, samples)
      deliver(samples)
    })
  }
  server.on('connection', connection => {
    sockets.add(connection)
    // A worker that ends resets its connection; its successor has opened its own.
    connection.on('error', () => connection.destroy())
    connection.on('close', () => sockets.delete(connection))
    Promise.all([ownedByUs(connection), opened.promise]).then(([ours]) => { if (ours) read(connection); else connection.destroy() }, () => connection.destroy())
  })
  return {
    door,
    open() {
      server.unref()
      opened.resolve()
      const parser = logParser('datagram', options.names, lost, options.onCopy)
      const mark = Buffer.from(` ${door.secret}[`)
      datagrams.on('message', message => {
        const samples: Sample[] = []
        const marked = message.indexOf(mark)
        const start = message.indexOf(']: ', marked)
        if (marked < 0 || marked > HEADER_BYTES_MAX || start < 0) return
        parser.push(message.subarray(start + 3), samples)
        if (message.at(-1) !== NEWLINE) parser.push(Uint8Array.of(NEWLINE), samples)
        deliver(samples)
      })
    },
    settled(requests) {
      if (requests === 0) return
      // What did not come from the log may be among them.
      pending = Math.max(0, pending - requests)
      keep(() => ({ streams: lost.marks(), pending: pending + orphaned }))
    },
    async close() {
      for (const connection of sockets) connection.destroy()
      await new Promise<void>(resolve => { server.close(() => resolve()) })
      closeDatagrams(datagrams)
    },
  }
}

const NEWLINE = 10
/** `<133>Nov 21 08:43:19 ` */
const HEADER_BYTES_MAX = 40

function closeDatagrams(datagrams: DatagramSocket): void {
  try {
    datagrams.close()
  } catch {
    // It was closed before.
  }
}

/** Loopback is open to every user of the host; a connection counts only if its other end is a process of ours. */
async function ownedByUs(connection: Socket): Promise<boolean> {
  const [from, to] = [connection.remotePort, connection.localPort]
  const port = (field: string | undefined) => Number.parseInt(field?.split(':')[1] ?? '', 16)
  for (const line of (await readFile('/proc/net/tcp', 'latin1')).split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (port(fields[1]) === from && port(fields[2]) === to) return Number(fields[7]) === process.getuid?.()
  }
  return false
}

/** The port and the secret of an earlier process, or a new secret. */
async function keptDoor(path: string): Promise<LogDoor> {
  try {
    const { port, secret } = JSON.parse(await readFile(path, 'utf8')) as LogDoor
    if (Number.isInteger(port) && /^[0-9a-f]{32}$/.test(secret)) return { port, secret }
  } catch {
    // There is none yet.
  }
  return { port: 0, secret: randomBytes(16).toString('hex') }
}

const TRIES_MAX = 20

/** A port for both, the wanted one if it is to be had. */
async function bindDoor(wanted: number): Promise<{ server: Server; datagrams: DatagramSocket; port: number }> {
  for (let tries = 1; ; tries++) {
    const server = await bindStream(tries === 1 ? wanted : 0).catch(() => bindStream(0))
    const { port } = server.address() as AddressInfo
    try {
      return { server, datagrams: await bindDatagrams(port), port }
    } catch (cause) {
      server.close()
      if (tries >= TRIES_MAX) throw new Fault('internal', 'no port for the log of haproxy', {}, { cause })
    }
  }
}

function bindStream(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => { server.off('error', reject); resolve(server) })
  })
}

function bindDatagrams(port: number): Promise<DatagramSocket> {
  const datagrams = createSocket({ type: 'udp4', recvBufferSize: DATAGRAM_BUFFER_BYTES })
  return new Promise((resolve, reject) => {
    datagrams.once('error', error => { datagrams.close(); reject(error) })
    datagrams.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      datagrams.removeAllListeners('error')
      datagrams.unref()
      resolve(datagrams)
    })
  })
}
