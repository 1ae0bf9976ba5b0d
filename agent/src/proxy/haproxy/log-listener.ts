/** Takes the request log from HAProxy, over both its ways; whoever opens the directory next picks the stream up at the same doors. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { Socket as DatagramSocket } from 'node:dgram'
import { chmod, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Sample } from '../proxy.ts'
import { writeAtomic } from './files.ts'
import { logParser } from './log-line.ts'
import type { LogNames } from './log-line.ts'
import { lostLines } from './lost-lines.ts'

/** Where HAProxy is to send its log. */
export interface LogDoor { readonly socket: string; readonly port: number; readonly secret: string }

export interface LogListener {
  readonly door: LogDoor
  /** Begins to read; before, HAProxy and the kernel keep what comes. */
  open(): void
  close(): Promise<void>
}

export interface LogListenerOptions {
  readonly directory: string
  readonly clock: Clock
  readonly names: () => LogNames
  readonly onSamples: (samples: readonly Sample[], dropped: number) => void
}

/** What the kernel keeps of datagrams, about 2 000 lines. */
const DATAGRAM_BUFFER_BYTES = 2 * 1024 * 1024

export async function openLogListener(options: LogListenerOptions): Promise<LogListener> {
  const lost = lostLines()
  const socket = join(options.directory, 'log.sock')
  const deliver = (samples: readonly Sample[]) => {
    const dropped = lost.take(options.clock.monotonic())
    if (samples.length > 0 || dropped > 0) options.onSamples(samples, dropped)
  }
  const [datagrams, kept] = await openDatagrams(options.directory)
  const sockets = new Set<Socket>()
  const server = createServer(connection => {
    sockets.add(connection)
    const parser = logParser('ring', options.names, lost)
    connection.on('data', chunk => {
      const samples: Sample[] = []
      parser.push(chunk, samples)
      deliver(samples)
    })
    // A worker that ends resets its connection; its successor has opened its own.
    connection.on('error', () => connection.destroy())
    connection.on('close', () => sockets.delete(connection))
  })
  await rm(socket, { force: true })
  return {
    door: { socket, ...kept },
    open() {
      listenPrivately(server, socket)
      const parser = logParser('datagram', options.names, lost)
      const mark = Buffer.from(` ${kept.secret}[`)
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

function listenPrivately(server: Server, socket: string): void {
  server.listen(socket, () => { void chmod(socket, 0o600) })
  server.unref()
}

function closeDatagrams(datagrams: DatagramSocket): void {
  try {
    datagrams.close()
  } catch {
    // It was closed before.
  }
}

/** The port and the secret of an earlier process if the port is still to be had, else new ones. */
async function openDatagrams(directory: string): Promise<[DatagramSocket, { port: number; secret: string }]> {
  const path = join(directory, 'log.json')
  const [port, secret] = await keptDoor(path)
  const datagrams = await bind(port).catch(() => bind(0))
  const kept = { port: datagrams.address().port, secret }
  await writeAtomic(path, JSON.stringify(kept))
  datagrams.unref()
  return [datagrams, kept]
}

async function keptDoor(path: string): Promise<[port: number, secret: string]> {
  try {
    const { port, secret } = JSON.parse(await readFile(path, 'utf8')) as { port: number; secret: string }
    if (Number.isInteger(port) && /^[0-9a-f]{32}$/.test(secret)) return [port, secret]
  } catch {
    // There is none yet.
  }
  return [0, randomBytes(16).toString('hex')]
}

function bind(port: number): Promise<DatagramSocket> {
  const datagrams = createSocket({ type: 'udp4', recvBufferSize: DATAGRAM_BUFFER_BYTES })
  return new Promise((resolve, reject) => {
    datagrams.once('error', error => { datagrams.close(); reject(error) })
    datagrams.bind(port, '127.0.0.1', () => { datagrams.removeAllListeners('error'); resolve(datagrams) })
  })
}
