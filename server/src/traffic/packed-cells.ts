/**
 * The cells of one (gateway, route, instance, by) as bytes: thirty to eighty each, where objects take a hundred times as much.
 * Every number is a variable-length integer, seven bits a byte, lowest first; buckets are distances to the one before.
 */
import type { Cell, SketchData } from '@vamp/model/metric'
import { BUCKET_MAX, BUCKET_MIN } from '@vamp/stats/sketch'

export type CellKey = Pick<Cell, 'gateway' | 'route' | 'instance' | 'by'>

const FIRST_BYTES = 64
/** Of one number; 2^53 needs eight. */
const NUMBER_BYTES_MAX = 8
const STATUSES = 6

export class PackedCells {
  readonly key: CellKey
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0

  constructor({ gateway, route, instance, by }: CellKey) {
    this.key = { gateway, route, instance, by }
  }

  /** Memory that is taken. */
  get size(): number { return this.#bytes.length }

  /** `at` is anything from 0 that the reader understands; the same may come again. */
  append(at: number, { requests, errors, statuses, bytes, latency }: Cell): void {
    this.#room((STATUSES + 6 + 2 * latency.length) * NUMBER_BYTES_MAX)
    this.#write(at)
    this.#write(requests)
    this.#write(errors)
    this.#write(bytes)
    for (const count of statuses) this.#write(count)
    this.#write(latency.length)
    let before = BUCKET_MIN
    for (const [index, count] of latency) {
      const bucket = Math.max(before, Math.min(BUCKET_MAX, index))
      this.#write(bucket - before)
      this.#write(count)
      before = bucket
    }
  }

  /** In the order in which they were appended; only those that are wanted are made. */
  *read(wants: (at: number) => boolean): Generator<readonly [at: number, cell: Cell]> {
    const reader = new Reader(this.#bytes, this.#length)
    while (!reader.atEnd) {
      const at = reader.number()
      if (wants(at)) yield [at, { ...this.key, part: 0, ...counts(reader) }]
      else reader.skip()
    }
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const wider = new Uint8Array(Math.max(Math.ceil(this.#bytes.length * 1.5), this.#length + more))
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

function counts(reader: Reader): Pick<Cell, 'requests' | 'errors' | 'bytes' | 'statuses' | 'latency'> {
  const [requests, errors, bytes] = [reader.number(), reader.number(), reader.number()]
  const statuses = [reader.number(), reader.number(), reader.number(), reader.number(), reader.number(), reader.number()] as const
  const latency: [number, number][] = []
  let bucket = BUCKET_MIN
  for (let left = reader.number(); left > 0; left--) {
    bucket += reader.number()
    latency.push([bucket, reader.number()])
  }
  return { requests, errors, bytes, statuses, latency: latency satisfies SketchData }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at = 0

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes
    this.#end = end
  }

  get atEnd(): boolean { return this.#at >= this.#end }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** A cell without its place. */
  skip(): void {
    for (let left = 3 + STATUSES; left > 0; left--) this.number()
    for (let left = 2 * this.number(); left > 0; left--) this.number()
  }
}
