/**
 * Series in memory, for servers that keep nothing, and for tests. The newest seconds are kept as they come and are folded into
 * the levels when they are unlikely to change any more: seconds into the first, and what each level has closed into the next.
 * Levels hold bytes, in periods that are forgotten whole.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Cell } from '@vamp/model/metric'
import { withoutParts } from '../cells.ts'
import { type PointSums, pointSums } from '../count-sum.ts'
import { addPacked, PackedCounts } from '../packed-counts.ts'
import { AHEAD_SECONDS_MAX, type CellKey, isRepetition, KEEP_SECONDS, type Mark, type Point, type Resolution, secondOf, type Series } from '../series.ts'

interface LevelSize { readonly step: Resolution; readonly periodSeconds: number; readonly bytesMax: number }

const MIB = 1024 * 1024
/** Beyond its bytes a level forgets its oldest period, whatever its age. */
const LEVELS: readonly LevelSize[] = [
  { step: 1, periodSeconds: 300, bytesMax: 24 * MIB },
  { step: 10, periodSeconds: 3600, bytesMax: 48 * MIB },
  { step: 60, periodSeconds: 2 * 3600, bytesMax: 160 * MIB },
]
/** Younger than this, a second still waits for slow agents. */
const OPEN_SECONDS = 15
/** What a key costs in a period beside its bytes. */
const KEY_BYTES = 300
/** Agents whose newest window is remembered; the longest silent go first. */
const AGENTS_MAX = 10_000

export interface MemorySeries extends Series {
  /** Memory of everything packed. */
  readonly bytes: number
}

export function openMemorySeries({ clock, sizes = LEVELS }: { clock: Clock; sizes?: readonly LevelSize[] }): MemorySeries {
  const open = new Map<number, readonly Cell[]>()
  const levels = sizes.map(size => new Level(size))
  const marks = new Map<string, Mark>()
  let newest = 0
  const nowSecond = () => Math.floor(clock.now() / 1000)

  /** What a level has closed goes on to the next. */
  const foldInto = (first: number, point: Point | undefined) => {
    let closed = point
    for (const level of levels.slice(first)) if (closed) closed = level.take(closed)
  }
  const foldUntil = (until: number) => {
    for (const over of [...open.keys()].filter(key => key <= until).sort((a, b) => a - b)) {
      foldInto(0, { second: over, cells: open.get(over) ?? [] })
      open.delete(over)
    }
  }
  const isNew = (agent: string, { sequence, second }: Mark): boolean => {
    if (isRepetition({ sequence, second }, marks.get(agent))) return false
    marks.delete(agent)
    marks.set(agent, { sequence, second })
    const oldest = marks.size > AGENTS_MAX ? marks.keys().next().value : undefined
    if (oldest !== undefined) marks.delete(oldest)
    return true
  }
  const forget = () => { for (const level of levels) level.forget(nowSecond()) }

  return {
    get bytes() { return levels.reduce((sum, level) => sum + level.bytes, 0) },
    async add(window) {
      const [second, cells] = [secondOf(window), window.cells]
      if (second > nowSecond() + AHEAD_SECONDS_MAX || !isNew(window.agent, window)) return
      newest = Math.max(newest, second)
      if (second > newest - OPEN_SECONDS) open.set(second, withoutParts([...(open.get(second) ?? []), ...cells]))
      else for (const level of levels) level.put(second, withoutParts(cells))
      foldUntil(newest - OPEN_SECONDS)
      forget()
    },
    async read({ from, to, resolution, step = resolution, wants }) {
      const sums = pointSums<string>({ from, to, step })
      const keys = new Map<string, CellKey>()
      const add = (second: number, cells: readonly Cell[]) => {
        for (const cell of cells) {
          if (!wants(cell)) continue
          const key = keyText(cell)
          keys.set(key, keyOf(cell))
          sums.at(key, Math.floor(second / resolution) * resolution)?.add(cell)
        }
      }
      for (const level of levels) {
        if (level.step === resolution) level.read({ from, to, wants, keys, sums })
        if (level.step <= resolution) add(level.open?.second ?? 0, level.open?.cells ?? [])
      }
      for (const [second, cells] of open) add(second, cells)
      return sums.points(key => keys.get(key))
    },
    since: resolution => levels.find(({ step }) => step === resolution)?.since(nowSecond()) ?? nowSecond(),
    async maintain() {
      const until = nowSecond() - OPEN_SECONDS
      foldUntil(until)
      for (const [index, level] of levels.entries()) foldInto(index + 1, level.close(until))
      forget()
    },
    async [Symbol.asyncDispose]() {},
  }
}

const keyText = ({ gateway, route, instance, by }: CellKey) => `${gateway}\n${route}\n${instance}\n${by}`
const keyOf = ({ gateway, route, instance, by }: CellKey): CellKey => ({ gateway, route, instance, by })

interface KeyedCounts { readonly key: CellKey; readonly packed: PackedCounts }

class Level {
  readonly step: Resolution
  /** Not packed yet, because more may come. */
  open: Point | undefined
  bytes = 0
  readonly #size: LevelSize
  readonly #periods = new Map<number, Map<string, KeyedCounts>>()
  /** The end of the newest period that had to go before its time. */
  #forgottenUntil = 0

  constructor(size: LevelSize) {
    this.#size = size
    this.step = size.step
  }

  /** Points come in order; the one before is packed and returned when another begins. */
  take({ second, cells }: Point): Point | undefined {
    const slot = this.#slot(second)
    if (this.step === 1 || this.open === undefined) {
      if (this.step === 1) this.put(second, cells)
      else this.open = { second: slot, cells }
      return this.step === 1 ? { second, cells } : undefined
    }
    if (slot === this.open.second) {
      this.open = { second: slot, cells: withoutParts([...this.open.cells, ...cells]) }
      return undefined
    }
    const closed = this.open
    this.put(closed.second, closed.cells)
    this.open = { second: slot, cells }
    return closed
  }

  /** The open point, if its time is over. */
  close(until: number): Point | undefined {
    const closed = this.open
    if (!closed || closed.second + this.step > until) return undefined
    this.put(closed.second, closed.cells)
    this.open = undefined
    return closed
  }

  put(second: number, cells: readonly Cell[]): void {
    const start = this.#period(second)
    const period = this.#periods.get(start) ?? new Map<string, KeyedCounts>()
    this.#periods.set(start, period)
    for (const cell of cells) {
      const key = keyText(cell)
      const known = period.get(key)
      const packed = known?.packed ?? new PackedCounts()
      if (known) this.bytes -= packed.size
      else { period.set(key, { key: keyOf(cell), packed }); this.bytes += KEY_BYTES }
      packed.append((this.#slot(second) - start) / this.step, cell)
      this.bytes += packed.size
    }
  }

  read({ from, to, wants, keys, sums }: { readonly from: number; readonly to: number; readonly wants: (key: CellKey) => boolean; readonly keys: Map<string, CellKey>; readonly sums: PointSums<string> }): void {
    for (const [start, period] of this.#periods) {
      if (start >= to || start + this.#size.periodSeconds <= from) continue
      for (const [text, { key, packed }] of period) {
        if (!wants(key)) continue
        keys.set(text, key)
        addPacked(packed.bytes, at => sums.at(text, start + at * this.step))
      }
    }
  }

  forget(nowSecond: number): void {
    for (const start of this.#periods.keys()) if (start + this.#size.periodSeconds <= nowSecond - KEEP_SECONDS[this.step]) this.#drop(start)
    while (this.bytes > this.#size.bytesMax) {
      const oldest = Math.min(...this.#periods.keys())
      this.#drop(oldest)
      this.#forgottenUntil = Math.max(this.#forgottenUntil, oldest + this.#size.periodSeconds)
    }
  }

  since(nowSecond: number): number {
    return Math.max(this.#forgottenUntil, nowSecond - KEEP_SECONDS[this.step])
  }

  #drop(start: number): void {
    for (const { packed } of this.#periods.get(start)?.values() ?? []) this.bytes -= packed.size + KEY_BYTES
    this.#periods.delete(start)
  }

  #slot(second: number): number { return Math.floor(second / this.step) * this.step }
  #period(second: number): number { return Math.floor(second / this.#size.periodSeconds) * this.#size.periodSeconds }
}
