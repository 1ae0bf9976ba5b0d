/**
 * What processes print. Each writes to its own files itself, so that logs go on without the server; the server only cuts
 * files that grew too long and remembers when they grew (see `log-stream.ts`).
 */
import { mkdirSync, readdirSync, realpathSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { LogLine } from '../container-driver.ts'
import { type Line, LogStream } from './log-stream.ts'

const STREAMS = ['stdout', 'stderr'] as const

/** A longer file is cut. */
const FILE_BYTES_MAX = 4 * 1024 * 1024
/** Of what is cut, the share of that which is kept: it has grown further until somebody looked. */
const OLDER_SHARE = 1.25
/** Ended instances whose logs are kept. */
const ENDED_KEPT_MAX = 100
const LINE_LENGTH_MAX = 16 * 1024
const FOLLOW_POLL_MS = 200
/** A file that has been silent is looked at after this share of its silence, so that a thousand silent files cost next to nothing. */
const SILENCE_SHARE = 0.5
const SILENCE_MS_MAX = 8000
/** A disk that would be full so soon, as it has been filling, leaves no time to wait. */
const SCARCE_MS = 2 * SILENCE_MS_MAX
/** Nor does one that has no more left. */
const SCARCE_BYTES = 4 * FILE_BYTES_MAX
/** Where no file was too long, none can be before the disk has filled so much further; how long nobody looks then, at first. */
const FILLED_BYTES = FILE_BYTES_MAX / 4
const IDLE_MS = 100
const TOLD_AGAIN_MS = 3_600_000

interface Space { readonly free: number; readonly at: number }

interface ReadOptions {
  readonly tail?: number
  readonly since?: number
  /** Goes on with what comes, until the signal or until this says so and nothing is left. */
  readonly followUntil?: () => boolean
}

export interface LogFiles {
  /** Where its two streams go. */
  files(id: string): readonly string[]
  /** Their directory may be gone. */
  makeRoom(): void
  /** Notes growth (line times are as exact as this is called often) and cuts what is too long. `patient`: those that were silent seldom. */
  tend(ids: Iterable<string>, options?: { readonly patient?: boolean }): void
  /** Where the disk fills so fast, or is so full, that silent files must be looked at, too: all of them; more and more seldom where that helps nobody. */
  tendWhereScarce(ids: Iterable<string>): void
  read(id: string, options: ReadOptions, signal?: AbortSignal): AsyncGenerator<LogLine>
  /** Removes the logs of all but these and the last ended ones. */
  prune(living: ReadonlySet<string>): void
}

export interface LogFilesOptions { readonly directory: string; readonly clock: Clock; readonly log: Logger; readonly maxBytes?: number; readonly freeBytes?: (directory: string) => number; /** Of what runs. */ readonly pidOf?: (id: string) => number | undefined }

export function openLogFiles({ directory, clock, log, maxBytes = FILE_BYTES_MAX, freeBytes = freeBytesOf, pidOf = () => undefined }: LogFilesOptions): LogFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // As the kernel names it.
  const real = realpathSync(directory)
  const streams = new Map<string, readonly LogStream[]>()
  const looked = new WeakMap<LogStream, number>()
  const attempt = tellingSeldom(log, clock)
  let room: Buffer | undefined
  let space: Space | undefined
  /** The last time that all were looked at and none was too long, and how long nobody looks again unless the disk fills further. */
  let idle: { readonly space: Space; readonly ms: number } | undefined

  const files = (id: string) => STREAMS.map(stream => join(real, `${id}.${stream}.log`))
  const streamsOf = (id: string) => {
    const found = streams.get(id) ?? files(id).map((file, index) => new LogStream(file, () => heldBy(pidOf(id), index)))
    streams.set(id, found)
    return found
  }
  const isSilent = (stream: LogStream) => {
    const [last, grown] = [looked.get(stream), stream.grownAt]
    return last !== undefined && grown !== undefined && clock.now() - last < Math.min(SILENCE_MS_MAX, (last - grown) * SILENCE_SHARE)
  }
  /** Whether any was too long. */
  const tend = (ids: Iterable<string>, patient: boolean): boolean => {
    let cut = false
    const toCut = () => {
      cut = true
      room ??= Buffer.alloc(Math.ceil(maxBytes * OLDER_SHARE))
      return room
    }
    for (const id of ids) for (const stream of streamsOf(id)) {
      if (patient && isSilent(stream)) continue
      looked.set(stream, clock.now())
      attempt('a log of a process cannot be kept', () => stream.cut(maxBytes, toCut))
    }
    return cut
  }
  const forget = (id: string) => {
    for (const stream of streamsOf(id)) {
      for (const file of [stream.name, stream.older]) rmSync(file, { force: true })
      looked.delete(stream)
    }
    streams.delete(id)
  }

  return {
    files,
    makeRoom() { mkdirSync(real, { recursive: true, mode: 0o700 }) },
    tend: (ids, { patient = false } = {}) => { tend(ids, patient) },
    tendWhereScarce(ids) {
      const before = space
      attempt('nobody knows how much space there is for the logs of processes', () => { space = { free: freeBytes(real), at: clock.monotonic() } })
      if (!space || space === before || !isScarce(space, before)) {
        idle = undefined
        return
      }
      if (idle && space.at - idle.space.at < idle.ms && idle.space.free - space.free < FILLED_BYTES) return
      const ms = Math.min(SILENCE_MS_MAX, 2 * (idle?.ms ?? IDLE_MS))
      idle = tend(ids, false) ? undefined : { space, ms }
    },
    read: (id, options, signal) => readStreams(streamsOf(id), options, clock, signal),
    prune(living) {
      attempt('logs of processes that have ended cannot be removed', () => {
        const ended = new Map<string, number>()
        for (const name of readdirSync(real)) {
          const id = name.replace(/\.(stdout|stderr)\.log(\.1)?$/, '')
          const time = statSync(join(real, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
          if (!living.has(id)) ended.set(id, Math.max(time, ended.get(id) ?? 0))
        }
        for (const [id] of [...ended].sort((a, b) => b[1] - a[1]).slice(ENDED_KEPT_MAX)) forget(id)
        for (const id of streams.keys()) if (!living.has(id) && !ended.has(id)) streams.delete(id)
      })
    },
  }
}

function isScarce({ free, at }: Space, before: Space | undefined): boolean {
  return free < SCARCE_BYTES || before !== undefined && (before.free - free) / (at - before.at) * SCARCE_MS > free
}

/** Where a process has the stream open. */
const heldBy = (pid: number | undefined, stream: number) => pid === undefined ? undefined : `/proc/${pid}/fd/${stream + 1}`

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

async function* readStreams(all: readonly LogStream[], { tail, since = 0, followUntil }: ReadOptions, clock: Clock, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const parts = await Promise.all(all.map(async (stream, index) => {
    const end = stream.look()
    const reader = stream.lines(tail === undefined ? stream.first : await stream.startOfLast(tail, end))
    const name = STREAMS[index] ?? 'stdout'
    const toLine = ({ text, end }: Line): LogLine => ({ time: Math.round(stream.timeAt(end) ?? clock.now()), stream: name, line: text.slice(0, LINE_LENGTH_MAX) })
    return { stream, reader, toLine, written: linesSince(reader.until(end), toLine, since) }
  }))
  const written = inOrderOfTime(parts.map(part => part.written))
  if (tail === undefined) yield* written
  else if (tail > 0) yield* (await Array.fromAsync(written)).slice(-tail)
  while (followUntil && !signal?.aborted) {
    const last = followUntil()
    for (const { stream, reader, toLine } of parts) yield* linesSince(reader.until(stream.look()), toLine, 0)
    if (last) return
    await clock.sleep(FOLLOW_POLL_MS, signal).catch(() => {})
  }
}

async function* linesSince(lines: AsyncIterable<Line>, toLine: (line: Line) => LogLine, since: number): AsyncGenerator<LogLine, void> {
  for await (const line of lines) {
    const told = toLine(line)
    if (told.time >= since) yield told
  }
}

/** Each of them is in order. */
async function* inOrderOfTime(sources: readonly AsyncGenerator<LogLine, void>[]): AsyncGenerator<LogLine, void> {
  const next = await Promise.all(sources.map(source => source.next()))
  for (;;) {
    let first = -1
    for (const [index, { value }] of next.entries()) if (value && (first < 0 || value.time < (next[first]?.value?.time ?? 0))) first = index
    const value = next[first]?.value
    if (!value) return
    yield value
    next[first] = await (sources[first] as AsyncGenerator<LogLine, void>).next()
  }
}

/** What goes wrong goes wrong again and again, as on a disk that is full or gone. */
function tellingSeldom(log: Logger, clock: Clock): (what: string, action: () => void) => void {
  const told = new Map<string, number>()
  return (what, action) => {
    try {
      action()
    } catch (error) {
      if (clock.monotonic() - (told.get(what) ?? Number.NEGATIVE_INFINITY) < TOLD_AGAIN_MS) return
      told.set(what, clock.monotonic())
      log.warn(what, { error })
    }
  }
}
