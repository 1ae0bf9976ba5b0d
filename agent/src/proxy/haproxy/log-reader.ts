/**
 * Takes the request log from HAProxy: every worker keeps its lines in a ring, and whoever asks its command line is told them as they
 * come. The ring keeps the newest lines also when nobody asks, and a worker that is being replaced stays until we have let go of it, so a
 * line is missed only where more are written than the ring holds. Where an earlier process has stopped, the next one reads on.
 *
 * HAProxy 2.6 may not notice that there is a line for us which another of its threads wrote while it was looking, until the next line
 * comes. So there is always a next line: `tick`.
 */
import { createConnection, type Socket } from 'node:net'
import type { Window } from '@vamp/model/metric'
import { type Clock, every } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Account, Sample } from '../proxy.ts'
import { Samples } from '../samples.ts'
import { ledgerWriter, readLedger } from './log-ledger.ts'
import { logParser, type LoggedCopy, type LogNames, type LogParser, type ReadBefore } from './log-line.ts'
import { lostLines } from './lost-lines.ts'
import { adminSocket, askMaster, askWorker, masterSocket, oldWorkers } from './master-socket.ts'
import { tickSocket } from './process.ts'
import { unansweredRequests } from './unanswered.ts'

export interface LogReader {
  /** Begins to read; HAProxy keeps what is written before. */
  open(): void
  /** A worker has been started, or has taken the place of another. */
  started(): void
  /** HAProxy is about to be stopped: its workers end when they have finished. */
  release(): void
  /** Tells of a request that HAProxy did not write down. */
  tell(sample: Sample): void
  readonly account: Account
  close(): Promise<void>
}

export interface LogReaderOptions {
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  readonly names: () => LogNames
  readonly onSamples: (samples: Samples, dropped: number) => void
  readonly onCopy: (copy: LoggedCopy) => void
}

/** Lines that stay away are looked for, and workers that are being replaced are asked whether they have finished, this often. */
const TEND_MS = 100
/** Requests that are in no line are looked for this often. */
const LOOK_MS = 200
/** Where nothing is heard, a tick comes this often. */
const IDLE_TICK_MS = 1000
/** What comes of one is `tick` and a newline, and says nothing of other lines; all others are longer. */
const TICK_BYTES = 5
/** Read at a time. */
const READ_BYTES = 1 << 18
const FOLLOW = 'show events requests -w\n'
const REST = 'show events requests'
/** Workers whose place in their log is remembered: there are more only if reloads come faster than requests end. */
const ENDS_KEPT = 64

/** One worker whose ring is read. */
interface Tail { readonly process: number; readonly socket: Socket; readonly parser: LogParser; replaced: boolean }

export async function openLogReader(options: LogReaderOptions): Promise<LogReader> {
  const { directory, clock, log } = options
  const before = await readLedger(directory)
  const keep = ledgerWriter(directory)
  const lost = lostLines(before.streams)
  const unanswered = unansweredRequests(options.names, before.unanswered)
  /** By process: the last line that was read. */
  const ends = new Map(before.ends)
  const tails = new Map<number, Tail>()
  /** Of an agent that was killed: nobody counts them any more. */
  let orphaned = before.pending
  let pending = 0
  let [opened, released, ended] = [false, false, false]
  let finishing: Promise<void> | undefined

  const batch = new Samples()
  const tell = (more: readonly Sample[] = []) => {
    for (const sample of more) batch.add(sample)
    const dropped = lost.take(clock.monotonic()) + orphaned
    orphaned = 0
    pending += batch.length + dropped
    if (batch.length > 0 || dropped > 0) options.onSamples(batch, dropped)
    batch.clear()
  }
  const parserFor = (process: number): LogParser => {
    const line = ends.get(process)
    const read: ReadBefore | undefined = line === undefined ? undefined : { line: Buffer.from(line, 'latin1'), upTo: frontend => lost.upTo(process, frontend) }
    return logParser(options.names, lost.of(process), options.onCopy, read)
  }
  const take = (process: number, parser: LogParser, chunk: Uint8Array) => {
    parser.push(chunk, batch)
    unanswered.heard(batch, clock.monotonic())
    ends.set(process, parser.last() ?? ends.get(process) ?? '')
    for (const [oldest] of ends) if (ends.size > ENDS_KEPT) ends.delete(oldest); else break
    tell()
  }
  const begin = (process: number, socket: Socket, { replaced, fresh }: { readonly replaced: boolean; readonly fresh: boolean }): Tail => {
    // The number of a process may come back, after a long time.
    if (fresh) { ends.delete(process); lost.know(process); unanswered.know(process) }
    if (!replaced) for (const other of tails.values()) other.replaced = true
    const tail = { process, socket, parser: parserFor(process), replaced: replaced || released }
    tails.set(process, tail)
    return tail
  }
  let [unsure, tickedAt] = [false, Number.NEGATIVE_INFINITY]
  const tick = () => {
    if (!unsure && clock.monotonic() - tickedAt < IDLE_TICK_MS) return
    ;[unsure, tickedAt] = [false, clock.monotonic()]
    const socket = createConnection(tickSocket(directory))
    socket.on('error', () => socket.destroy())
    socket.resume().end('GET / HTTP/1.0\r\n\r\n')
  }
  const heard = (tail: Tail, chunk: Uint8Array) => { unsure ||= chunk.length > TICK_BYTES; if (tails.get(tail.process) === tail) take(tail.process, tail.parser, chunk) }
  const left = (tail: Tail) => { if (tails.get(tail.process) === tail) tails.delete(tail.process) }
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  const listenTo = (path: string, onRead: (chunk: Uint8Array) => void, onClose: () => void): Socket => {
    const socket = createConnection({ path, onread: { buffer, callback(length) { onRead(buffer.subarray(0, length)); return true } } })
    socket.on('error', () => socket.destroy())
    socket.on('close', onClose)
    return socket
  }
  /** The worker that serves. It holds on to its end for as long as we are connected. */
  const attach = (fresh: boolean) => {
    let tail: Tail | undefined
    let head = ''
    const socket = listenTo(adminSocket(directory), chunk => {
      if (tail) return heard(tail, chunk)
      head += Buffer.from(chunk).toString('latin1')
      const end = head.indexOf('\n\n')
      if (end < 0) return
      const process = Number(/^Pid: (\d+)$/m.exec(head)?.[1])
      // It may be one that we follow.
      if (!process || ended || tails.has(process)) { socket.destroy(); return }
      tail = begin(process, socket, { replaced: /^Stopping: 1$/m.test(head), fresh })
      heard(tail, Buffer.from(head.slice(end + 2), 'latin1'))
    }, () => { if (tail) left(tail) })
    socket.write(`show info;${FOLLOW}`)
  }
  /** One that was replaced before we came: it is reached through the master, and does not wait for us. */
  const attachOld = (process: number) => {
    if (ended || tails.has(process)) return
    const socket = listenTo(masterSocket(directory), chunk => heard(tail, chunk), () => left(tail))
    const tail = begin(process, socket, { replaced: true, fresh: false })
    socket.write(`@!${process} ${FOLLOW}`)
  }
  /** Reads what a worker wrote at last, and lets it end. */
  const finish = async (tail: Tail) => {
    const info = await askMaster(directory, clock, `@!${tail.process} show info`).catch(() => '')
    if (/^CurrConns: [1-9]/m.test(info) || info === '') return
    const rest = await askMaster(directory, clock, `@!${tail.process} ${REST}`).catch(() => '')
    const counters = await askMaster(directory, clock, `@!${tail.process} show stat -1 2 -1`).catch(() => '')
    if (tails.get(tail.process) !== tail) return
    tails.delete(tail.process)
    take(tail.process, parserFor(tail.process), Buffer.from(rest, 'latin1'))
    tell(unanswered.take(tail.process, counters, { nowMs: clock.now(), last: true }))
    // Its place in the log stays known: somebody else may follow the log and keep the worker, and an agent that comes later finds it.
    tail.socket.destroy()
    log.debug('a worker of haproxy has finished, and its log is read', { process: tail.process })
  }
  let lookedAt = Number.NEGATIVE_INFINITY
  /** Of the worker that serves, for what it does not write down. */
  const look = async () => {
    if (clock.monotonic() - lookedAt < LOOK_MS) return
    const question = unanswered.question(clock.monotonic())
    lookedAt = clock.monotonic()
    if (question === undefined) return
    const nowMs = clock.now()
    const answer = await askWorker(directory, clock, `show info;${question}`).catch(() => '')
    const process = Number(/^Pid: (\d+)$/m.exec(answer)?.[1])
    if (tails.has(process)) tell(unanswered.take(process, answer, { nowMs }))
  }
  const tend = async () => {
    tell()
    tick()
    await look()
    if (!released && ![...tails.values()].some(({ replaced }) => !replaced)) attach(false)
    for (const tail of tails.values()) if (tail.replaced) await finish(tail)
  }
  const stopTending = every(clock, TEND_MS, () => {
    if (!opened) return
    finishing = tend()
    return finishing
  })

  return {
    open() {
      if (opened) return
      opened = true
      attach(false)
      void oldWorkers(directory, clock).then(old => { for (const process of old) attachOld(process) }, () => {})
    },
    started() { if (opened) attach(true) },
    release() {
      released = true
      for (const tail of tails.values()) tail.replaced = true
    },
    tell: sample => tell([sample]),
    account: {
      begun: before.window,
      async begin(window: Window) {
        pending -= requestsOf(window)
        await keep(() => ({ streams: lost.marks([...ends.keys()]), unanswered: unanswered.marks([...ends.keys()]), ends: [...ends], pending: pending + orphaned, window }))
      },
    },
    async close() {
      ended = true
      stopTending()
      await finishing
      for (const { socket } of tails.values()) socket.destroy()
      tails.clear()
    },
  }
}

function requestsOf({ cells, dropped }: Window): number {
  return dropped + cells.reduce((sum, { requests }) => sum + requests, 0)
}
