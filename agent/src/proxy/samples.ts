/**
 * Requests that ended, in columns: a proxy tells of millions of them in a second, which leaves no time for an object each. Who is told
 * of a batch reads it at once, because the teller fills it again.
 */
import { ENDINGS } from '@vamp/model/metric'
import type { Asked, Sample } from './proxy.ts'

export type Place = Pick<Sample, 'gateway' | 'route' | 'instance'>

/** What `ways` are numbers of. */
export const WAYS: readonly Sample['by'][] = ['weight', 'condition', 'mirror']
export const MIRROR = WAYS.indexOf('mirror')

/** Room at first; it doubles. */
const ROOM = 64
/** Places of single samples that are remembered. */
const PLACES_MAX = 10_000

export const placeKey = ({ gateway, route, instance }: Place): string => `${gateway}\n${route}\n${instance}`

export class Samples implements Iterable<Sample> {
  length = 0
  /** Places of this batch, each object once; `at` are their indices. */
  readonly places: Place[] = []
  at = new Uint32Array(ROOM)
  ways = new Uint8Array(ROOM)
  parts = new Uint8Array(ROOM)
  statuses = new Uint16Array(ROOM)
  errors = new Uint8Array(ROOM)
  /** 0 for none, 1 for the first of `ENDINGS`, and so on. */
  endings = new Uint8Array(ROOM)
  /** µs; NaN where nobody knows. */
  latencies = new Float64Array(ROOM)
  bytes = new Float64Array(ROOM)
  /** Unix time, ms. */
  ends = new Float64Array(ROOM)
  /** Of errors whose proxy knows, by index. */
  readonly asked = new Map<number, Asked>()
  readonly #indices = new Map<Place, number>()
  readonly #placeOf = new Map<string, Place>()

  /** The place's index in this batch. */
  indexOf(place: Place): number {
    const known = this.#indices.get(place)
    if (known !== undefined) return known
    this.#indices.set(place, this.places.length)
    return this.places.push(place) - 1
  }

  /** The index of one more, whose columns are to be written. */
  next(): number {
    if (this.length === this.at.length) this.#widen()
    return this.length++
  }

  add(sample: Sample): this {
    const index = this.next()
    this.at[index] = this.indexOf(this.#known(sample))
    this.ways[index] = WAYS.indexOf(sample.by)
    this.parts[index] = sample.part & 7
    this.statuses[index] = sample.status
    this.errors[index] = sample.error ? 1 : 0
    this.endings[index] = sample.ending ? ENDINGS.indexOf(sample.ending) + 1 : 0
    this.latencies[index] = (sample.latencyMs ?? Number.NaN) * 1000
    this.bytes[index] = sample.bytes
    this.ends[index] = sample.endedAt
    if (sample.error && sample.asked) this.asked.set(index, sample.asked)
    return this
  }

  clear(): this {
    this.length = 0
    this.places.length = 0
    this.asked.clear()
    this.#indices.clear()
    return this
  }

  *[Symbol.iterator](): Iterator<Sample> {
    for (let index = 0; index < this.length; index++) yield this.#sample(index)
  }

  /** One object for each place, as long as it can be. */
  #known({ gateway, route, instance }: Sample): Place {
    const place = { gateway, route, instance }
    const key = placeKey(place)
    const known = this.#placeOf.get(key)
    if (known) return known
    if (this.#placeOf.size >= PLACES_MAX) this.#placeOf.clear()
    this.#placeOf.set(key, place)
    return place
  }

  #sample(index: number): Sample {
    const us = this.latencies[index] as number
    const { gateway = '', route = '', instance = '' } = this.places[this.at[index] ?? 0] ?? {}
    return {
      gateway, route, instance, by: WAYS[this.ways[index] ?? 0] ?? 'weight', status: this.statuses[index] ?? 0, error: this.errors[index] === 1,
      ending: ENDINGS[(this.endings[index] ?? 0) - 1], ...(Number.isNaN(us) ? {} : { latencyMs: us / 1000 }), bytes: this.bytes[index] ?? 0,
      endedAt: this.ends[index] ?? 0, part: this.parts[index] ?? 0, ...(this.asked.has(index) ? { asked: this.asked.get(index) } : {}),
    }
  }

  #widen(): void {
    const room = this.at.length * 2
    const wider = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(column: T, wide: T): T => { wide.set(column); return wide }
    this.at = wider(this.at, new Uint32Array(room))
    this.ways = wider(this.ways, new Uint8Array(room))
    this.parts = wider(this.parts, new Uint8Array(room))
    this.statuses = wider(this.statuses, new Uint16Array(room))
    this.errors = wider(this.errors, new Uint8Array(room))
    this.endings = wider(this.endings, new Uint8Array(room))
    this.latencies = wider(this.latencies, new Float64Array(room))
    this.bytes = wider(this.bytes, new Float64Array(room))
    this.ends = wider(this.ends, new Float64Array(room))
  }
}
