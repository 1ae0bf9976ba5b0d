/**
 * Counts as bytes: thirty to eighty each, where objects take a hundred times as much. A list of entries, each a number (a place
 * in time, or whom it is of) and its counts. Every number is a variable-length integer, seven bits a byte, lowest first;
 * buckets are distances to the one before. Beyond the last bucket are those of the endings and of what was in progress: entries
 * that were written before there were such have none.
 */
import { type Cell, ENDINGS, type Endings, type SketchData } from '@vamp/model/metric'
import { BUCKET_MAX, BUCKET_MIN } from '@vamp/stats/sketch'
import { type CountSum, endingsOf } from './count-sum.ts'

export type Counts = Pick<Cell, 'requests' | 'errors' | 'statuses' | 'bytes' | 'latency' | 'endings' | 'busy'>

const FIRST_BYTES = 64
/** Of one number; 2^53 needs eight. */
const NUMBER_BYTES_MAX = 8
const STATUSES = 6
const FIRST_ENDING = BUCKET_MAX + 1
const BUSY = FIRST_ENDING + ENDINGS.length

export class PackedCounts {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0

  /** Memory that is taken. */
  get size(): number { return this.#bytes.length }

  /** What was appended so far. */
  get bytes(): Uint8Array { return this.#bytes.subarray(0, this.#length) }

  /** `at` is anything from 0 that the reader understands; the same may come again. */
  append(at: number, { requests, errors, statuses, bytes, latency, endings, busy = 0 }: Counts): void {
    const more = endings || busy > 0 ? beyond(endings, busy) : NONE
    this.#room((STATUSES + 6 + 2 * (latency.length + more.length)) * NUMBER_BYTES_MAX)
    this.#write(at)
    this.#write(requests)
    this.#write(errors)
    this.#write(bytes)
    for (const count of statuses) this.#write(count)
    this.#write(latency.length + more.length)
    let before = BUCKET_MIN
    for (const [index, count] of latency) {
      const bucket = Math.max(before, Math.min(BUCKET_MAX, index))
      this.#write(bucket - before)
      this.#write(count)
      before = bucket
    }
    for (const [bucket, count] of more) {
      this.#write(bucket - before)
      this.#write(count)
      before = bucket
    }
  }

  /** An entry of another list, as it is but for its number. */
  appendPacked(at: number, counts: Uint8Array): void {
    this.#room(NUMBER_BYTES_MAX + counts.length)
    this.#write(at)
    this.#bytes.set(counts, this.#length)
    this.#length += counts.length
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const wider = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more))
    wider.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = wider
  }

  #write(value: number): void {
    let rest = Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.round(value)))
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }
}

const NONE: SketchData = []

function beyond(endings: Endings = {}, busy: number): SketchData {
  const more = ENDINGS.flatMap((ending, index): SketchData => (endings[ending] ?? 0) > 0 ? [[FIRST_ENDING + index, endings[ending] ?? 0]] : [])
  return busy > 0 ? [...more, [BUSY, busy]] : more
}

/** Adds every entry to the sum that its number is given; entries without one are passed over. */
export function addPacked(bytes: Uint8Array, sumFor: (at: number) => CountSum | undefined): void {
  const reader = new Reader(bytes)
  while (!reader.atEnd) {
    const sum = sumFor(reader.number())
    if (sum) addEntry(reader, sum)
    else reader.skip()
  }
}

/** Every entry's number, and its counts as they lie there. */
export function* packedEntries(bytes: Uint8Array): Generator<readonly [at: number, counts: Uint8Array]> {
  const reader = new Reader(bytes)
  while (!reader.atEnd) {
    const at = reader.number()
    yield [at, reader.skip()]
  }
}

function addEntry(reader: Reader, sum: CountSum): void {
  sum.requests += reader.number()
  sum.errors += reader.number()
  sum.bytes += reader.number()
  for (let status = 0; status < STATUSES; status++) sum.statuses[status] = (sum.statuses[status] ?? 0) + reader.number()
  let bucket = BUCKET_MIN
  for (let left = reader.number(); left > 0; left--) {
    bucket += reader.number()
    const count = reader.number()
    if (bucket <= BUCKET_MAX) sum.latency.add(bucket, count)
    else if (bucket === BUSY) sum.busy += count
    else sum.endings[bucket - FIRST_ENDING] = (sum.endings[bucket - FIRST_ENDING] ?? 0) + count
  }
}

/** In the order in which they were appended. */
export function unpacked(bytes: Uint8Array): (readonly [at: number, counts: Counts])[] {
  const reader = new Reader(bytes)
  const entries: (readonly [number, Counts])[] = []
  while (!reader.atEnd) entries.push([reader.number(), counts(reader)])
  return entries
}

function counts(reader: Reader): Counts {
  const [requests, errors, bytes] = [reader.number(), reader.number(), reader.number()]
  const statuses = [reader.number(), reader.number(), reader.number(), reader.number(), reader.number(), reader.number()] as const
  const latency: [number, number][] = []
  const endings = ENDINGS.map(() => 0)
  let busy = 0
  let bucket = BUCKET_MIN
  for (let left = reader.number(); left > 0; left--) {
    bucket += reader.number()
    const count = reader.number()
    if (bucket <= BUCKET_MAX) latency.push([bucket, count])
    else if (bucket === BUSY) busy = count
    else endings[bucket - FIRST_ENDING] = count
  }
  return { requests, errors, bytes, statuses, latency: latency satisfies SketchData, ...endingsOf(endings), ...(busy > 0 ? { busy } : {}) }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get atEnd(): boolean { return this.#at >= this.#bytes.length }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** Counts without their number, as they lie there. */
  skip(): Uint8Array {
    const start = this.#at
    for (let left = 3 + STATUSES; left > 0; left--) this.#pass()
    for (let left = 2 * this.number(); left > 0; left--) this.#pass()
    return this.#bytes.subarray(start, this.#at)
  }

  #pass(): void {
    while ((this.#bytes[this.#at++] ?? 0) >= 128);
  }
}
