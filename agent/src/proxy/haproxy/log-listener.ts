/** Takes the request log from HAProxy over a socket in the directory; whoever listens there next picks the stream up. */
import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Sample } from '../proxy.ts'
import { logParser } from './log-line.ts'
import type { LogNames } from './log-line.ts'
import { lostLines } from './lost-lines.ts'

export interface LogListener { close(): Promise<void> }

export interface LogListenerOptions {
  readonly socket: string
  readonly clock: Clock
  readonly names: () => LogNames
  readonly onSamples: (samples: readonly Sample[], dropped: number) => void
}

export async function openLogListener({ socket: path, clock, names, onSamples }: LogListenerOptions): Promise<LogListener> {
  const lost = lostLines()
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    const parser = logParser(names, lost)
    sockets.add(socket)
    socket.on('data', chunk => {
      const samples: Sample[] = []
      parser.push(chunk, samples)
      const dropped = lost.take(clock.monotonic())
      if (samples.length > 0 || dropped > 0) onSamples(samples, dropped)
    })
    // A worker that ends resets its connection; its successor has opened its own.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => { server.off('error', reject); resolve() })
  })
  await chmod(path, 0o600)
  server.unref()
  return {
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
