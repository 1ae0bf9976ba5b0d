/**
 * What one stream of a process prints: its file, and the end of what was cut from it in an older one. The process holds the file
 * open to append, so it is cut by keeping its end elsewhere and emptying it: what is written between the two is lost. Places are
 * counted from the beginning of the stream, so that they stay what they are when it is cut.
 */
import { closeSync, mkdirSync, openSync, readlinkSync, readSync, rmSync, type Stats, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** What is read at a time. */
export const PIECE_BYTES = 64 * 1024
/** Of a longer line only the beginning is kept. */
const LINE_BYTES_MAX = 64 * 1024
/** Times of growth that are remembered; older lines get the time of the oldest. */
const GROWTHS_MAX = 600
const NEWLINE = 10
const NONE = Buffer.alloc(0)

interface Growth { readonly place: number; readonly time: number }
/** A whole line, and the place after it. */
export interface Line { readonly text: string; readonly end: number }

export class LogStream {
  /** Its name in the directory. */
  readonly name: string
  readonly older: string
  readonly #held: () => string | undefined
  #file: string
  readonly #growths: Growth[] = []
  /** Where the older file begins, where the file does, and where it ended when it was looked at. */
  #first: number
  #base = 0
  #end = 0

  /** `held`: where the process has it open, if it runs. */
  constructor(name: string, held: () => string | undefined = () => undefined) {
    this.name = name
    this.older = `${name}.1`
    this.#held = held
    this.#file = name
    const stat = statSync(this.older, { throwIfNoEntry: false })
    this.#first = -(stat?.size ?? 0)
    if (stat) this.#growths.push({ place: 0, time: stat.mtimeMs })
  }

  /** Where it is; by its name, or, where that was taken away, where the process has it open. */
  get file(): string { return this.#file }
  get first(): number { return this.#first }
  get grownAt(): number | undefined { return this.#growths.at(-1)?.time }

  /** Notes growth; line times are as exact as this is called often. Returns the place where it ends. */
  look(): number {
    const stat = this.#find()
    const size = stat?.size ?? 0
    // Somebody else has emptied it or taken it away.
    if (this.#base + size < this.#end) this.#base = this.#end
    this.#end = this.#base + size
    const last = this.#growths.at(-1)
    if (stat && last?.place !== this.#end) this.#growths.push({ place: this.#end, time: stat.mtimeMs })
    if (this.#growths.length >= 2 * GROWTHS_MAX) this.#growths.splice(0, GROWTHS_MAX)
    return this.#end
  }

  #find(): Stats | undefined {
    const named = statSync(this.name, { throwIfNoEntry: false })
    if (named) {
      this.#file = this.name
      return named
    }
    const held = this.#held()
    // Its directory may have been moved before it was removed.
    if (held === undefined || basename(linkOf(held)?.replace(/ \(deleted\)$/, '') ?? '') !== basename(this.name)) return undefined
    this.#file = held
    return statSync(held, { throwIfNoEntry: false })
  }

  /** If the file is longer than that; of its end is kept what fits into `room`. Takes space on the disk after it has freed more. */
  cut(bytesMax: number, room: () => Buffer): void {
    if (this.look() - this.#base <= bytesMax) return
    const kept = this.#lastLines(room())
    truncateSync(this.file)
    this.#base = this.#end
    this.#first = this.#end
    try {
      mkdirSync(dirname(this.older), { recursive: true, mode: 0o700 })
      writeFileSync(this.older, kept, { mode: 0o600 })
      this.#first -= kept.length
    } catch (error) {
      rmSync(this.older, { force: true })
      throw error
    }
  }

  /** What was read last of the file, from the beginning of a line. */
  #lastLines(room: Buffer): Buffer {
    const size = this.#end - this.#base
    const start = Math.max(0, size - room.length)
    const descriptor = openSync(this.file, 'r')
    let length = 0
    try {
      // Also what is written meanwhile, as far as there is room for it.
      for (let read = -1; read !== 0 && length < room.length; length += read) read = readSync(descriptor, room, length, room.length - length, start + length)
    } finally {
      closeSync(descriptor)
    }
    this.#end = this.#base + start + length
    const bytes = room.subarray(0, length)
    return start === 0 ? bytes : bytes.subarray(bytes.indexOf(NEWLINE) + 1)
  }

  timeAt(place: number): number | undefined {
    let [low, high] = [0, this.#growths.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#growths[middle] as Growth).place >= place) high = middle
      else low = middle + 1
    }
    return this.#growths[low]?.time
  }

  /** Some of what is between two places, from the first of them that is still there; nothing when nothing is. */
  async read(from: number, to: number, room: Buffer): Promise<{ readonly at: number; readonly bytes: Buffer }> {
    for (;;) {
      const [first, base] = [this.#first, this.#base]
      const at = Math.max(from, first)
      const older = at < base
      const length = Math.min(older ? Math.min(to, base) - at : to - at, room.length)
      if (length <= 0) return { at, bytes: NONE }
      const bytes = await readRange(older ? this.older : this.file, at - (older ? first : base), room.subarray(0, length))
      // If it was cut meanwhile, these may be others.
      if (base !== this.#base) continue
      if (bytes.length > 0 || !older) return { at, bytes }
      this.#first = base
    }
  }

  /** Where the last whole lines before a place begin. */
  async startOfLast(lines: number, end: number): Promise<number> {
    const room = Buffer.alloc(PIECE_BYTES)
    let found = 0
    for (let to = end; to > this.#first;) {
      const { at, bytes } = await this.read(Math.max(to - PIECE_BYTES, to > this.#base ? this.#base : this.#first), to, room)
      for (let index = bytes.lastIndexOf(NEWLINE); index >= 0; index = index === 0 ? -1 : bytes.lastIndexOf(NEWLINE, index - 1)) if (found++ === lines) return at + index + 1
      if (bytes.length === 0) break
      to = at
    }
    return this.#first
  }

  lines(from: number): LineReader {
    return new LineReader(this, from)
  }
}

/** Goes through the lines of a stream. */
export class LineReader {
  readonly #stream: LogStream
  readonly #room = Buffer.alloc(PIECE_BYTES)
  /** The beginning of a line whose end has not been read yet. */
  #begun = NONE
  #place: number

  constructor(stream: LogStream, from: number) {
    this.#stream = stream
    this.#place = from
  }

  /** The whole lines up to there that were not read before. */
  async *until(end: number): AsyncGenerator<Line, void> {
    while (this.#place < end) {
      const { at, bytes } = await this.#stream.read(this.#place, end, this.#room)
      if (at > this.#place) this.#begun = NONE
      if (bytes.length === 0) return
      this.#place = at + bytes.length
      let start = 0
      for (let newline = bytes.indexOf(NEWLINE); newline >= 0; newline = bytes.indexOf(NEWLINE, start)) {
        const text = this.#withBegun(bytes.subarray(start, newline)).toString()
        this.#begun = NONE
        start = newline + 1
        yield { text, end: at + start }
      }
      this.#begun = Buffer.from(this.#withBegun(bytes.subarray(start)))
    }
  }

  #withBegun(bytes: Buffer): Buffer {
    if (this.#begun.length === 0) return bytes
    return this.#begun.length >= LINE_BYTES_MAX ? this.#begun : Buffer.concat([this.#begun, bytes])
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

async function readRange(file: string, start: number, room: Buffer): Promise<Buffer> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') throw error })
  if (!handle) return NONE
  try {
    return room.subarray(0, (await handle.read(room, 0, room.length, start)).bytesRead)
  } finally {
    await handle.close()
  }
}
