/**
 * The counts of one second. A request touches three places in memory and allocates nothing unless it failed: all counts of a cell stand together in one
 * array that the cells share, sixteen of them (a line of the processor's cache) before those of its latencies.
 */
import { ENDINGS, type Cell, type Ending } from '@vamp/model/metric'
import { bucketOfMicroseconds } from '@vamp/stats/bucket-of-microseconds'
import { BUCKET_MAX, BUCKET_MIN } from '@vamp/stats/sketch'
import { type Place, placeKey, type Samples, WAYS } from '../proxy/samples.ts'
import { FailureCounts } from './failure-counts.ts'

/** Cells of one window; a thousand routes with two instances and eight parts are 16 000. */
export const CELLS_MAX = 32_768

const PARTS = 8
const SLOTS = WAYS.length * PARTS
/** Counts of a cell by their place: six statuses, errors, how it ended; then the first bucket that there is room for, and how many there are. */
const [STATUSES, ERRORS, ENDED, FIRST, WIDTH, HEAD] = [0, 6, 7, 14, 15, 16]
/** Buckets of room at least on that side of a value on which it lies outside the range so far; 16 buckets are a factor of 1.4. */
const ROOM = 16

export class SecondCells {
  #counts = new Uint32Array(1 << 14)
  #used = 0
  /** By cell: where its counts begin, and bytes, which may be more than 32 bits hold. */
  readonly #begins: number[] = []
  readonly #bytes: number[] = []
  /** By cell: its errors by kind. */
  readonly #failures = new Map<number, FailureCounts>()
  readonly #owners: { readonly place: Place; readonly slot: number }[] = []
  /** By place: the cell of each way and part, plus one. */
  readonly #rows = new Map<Place, Int32Array>()
  /** Drivers may tell of one place with several objects. */
  readonly #rowsByName = new Map<string, Int32Array>()

  rowOf(place: Place): Int32Array {
    const known = this.#rows.get(place)
    if (known) return known
    const name = placeKey(place)
    const row = this.#rowsByName.get(name) ?? new Int32Array(SLOTS)
    this.#rowsByName.set(name, row)
    this.#rows.set(place, row)
    return row
  }

  /** Counts the sample at the index, whose place has the row. False if there is no room for another cell. */
  add(samples: Samples, index: number, row: Int32Array): boolean {
    const slot = (samples.ways[index] as number) * PARTS + (samples.parts[index] as number)
    const cell = (row[slot] as number) || this.#open(row, slot, samples.places[samples.at[index] as number] as Place)
    if (cell === 0) return false
    const us = samples.latencies[index] as number
    if (!Number.isNaN(us)) this.#record(cell - 1, bucketOfMicroseconds(us) - BUCKET_MIN)
    const [counts, begin] = [this.#counts, this.#begins[cell - 1] as number]
    const hundred = ((samples.statuses[index] as number) / 100) | 0
    ;(counts[begin + STATUSES + (hundred <= 5 ? hundred : 0)] as number)++
    if (samples.errors[index] === 1) {
      (counts[begin + ERRORS] as number)++
      this.#fail(cell - 1, samples, index)
    }
    const ending = samples.endings[index] as number
    if (ending > 0) (counts[begin + ENDED + ending - 1] as number)++
    this.#bytes[cell - 1] = (this.#bytes[cell - 1] as number) + (samples.bytes[index] as number)
    return true
  }

  #fail(cell: number, { statuses, endings, asked }: Samples, index: number): void {
    let failures = this.#failures.get(cell)
    if (!failures) { failures = new FailureCounts(); this.#failures.set(cell, failures) }
    failures.add(statuses[index] as number, ENDINGS[(endings[index] as number) - 1], asked.get(index))
  }

  #record(cell: number, bucket: number): void {
    let begin = this.#begins[cell] as number
    let at = bucket - (this.#counts[begin + FIRST] as number)
    if (at < 0 || at >= (this.#counts[begin + WIDTH] as number)) {
      begin = this.#widen(cell, bucket)
      at = bucket - (this.#counts[begin + FIRST] as number)
    }
    ;(this.#counts[begin + HEAD + at] as number)++
  }

  cells(): Cell[] {
    return this.#owners.map(({ place: { gateway, route, instance }, slot }, cell): Cell => {
      const begin = this.#begins[cell] as number
      const statuses = [...this.#counts.subarray(begin + STATUSES, begin + STATUSES + 6)] as unknown as Cell['statuses']
      const ended = ENDINGS.flatMap((ending, index): [Ending, number][] => this.#counts[begin + ENDED + index] ? [[ending, this.#counts[begin + ENDED + index] as number]] : [])
      return {
        gateway, route, instance, by: WAYS[Math.floor(slot / PARTS)] ?? 'weight', part: slot % PARTS,
        requests: statuses.reduce((sum, count) => sum + count, 0), errors: this.#counts[begin + ERRORS] as number, bytes: this.#bytes[cell] as number, statuses,
        latency: this.#latency(begin), endings: ended.length > 0 ? Object.fromEntries(ended) : undefined,
        failures: this.#failures.get(cell)?.told(),
      }
    })
  }

  #latency(begin: number): [index: number, count: number][] {
    const [first, width] = [this.#counts[begin + FIRST] as number + BUCKET_MIN, this.#counts[begin + WIDTH] as number]
    const pairs: [number, number][] = []
    for (let at = 0; at < width; at++) {
      const count = this.#counts[begin + HEAD + at] as number
      if (count > 0) pairs.push([first + at, count])
    }
    return pairs
  }

  #open(row: Int32Array, slot: number, place: Place): number {
    if (this.#owners.length >= CELLS_MAX) return 0
    this.#begins.push(this.#take(HEAD))
    this.#bytes.push(0)
    const cell = this.#owners.push({ place, slot })
    row[slot] = cell
    return cell
  }

  /** Moves a cell to where there is room for the bucket and for some neighbours; where that is. */
  #widen(cell: number, bucket: number): number {
    const begin = this.#begins[cell] as number
    const [first, width] = [this.#counts[begin + FIRST] as number, this.#counts[begin + WIDTH] as number]
    const room = Math.max(ROOM, width >> 1)
    const low = Math.max(0, width === 0 || bucket < first ? bucket - room : first)
    const high = Math.min(BUCKET_MAX - BUCKET_MIN, width === 0 || bucket >= first + width ? bucket + room : first + width - 1)
    const moved = this.#take(HEAD + high - low + 1)
    this.#counts.copyWithin(moved, begin, begin + HEAD)
    this.#counts.copyWithin(moved + HEAD + first - low, begin + HEAD, begin + HEAD + width)
    this.#counts[moved + FIRST] = low
    this.#counts[moved + WIDTH] = high - low + 1
    this.#begins[cell] = moved
    return moved
  }

  /** Room for so many counts, from a line of the cache on. */
  #take(counts: number): number {
    const begin = this.#used
    this.#used += Math.ceil(counts / HEAD) * HEAD
    if (this.#used > this.#counts.length) {
      const wider = new Uint32Array(Math.max(this.#used, this.#counts.length * 2))
      wider.set(this.#counts)
      this.#counts = wider
    }
    return begin
  }
}
