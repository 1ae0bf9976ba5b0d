/**
 * Measurements over time: by the second for an hour, by ten seconds for a day, by the minute for thirty days. All of it are sums
 * of counts, so a coarser level is exactly the sum of a finer one, and what comes late is added wherever it belongs.
 *
 * The newest seconds are kept as they come and are folded into the levels when they are unlikely to change any more: seconds
 * into the first, and what each level has closed into the next. Levels hold bytes, in periods that are forgotten whole.
 */
import type { Cell } from '@vamp/model/metric'
import { withoutParts } from './cells.ts'
import { type CellKey, PackedCells } from './packed-cells.ts'

export const RESOLUTIONS = [1, 10, 60] as const
/** Seconds. */
export type Resolution = (typeof RESOLUTIONS)[number]

interface LevelSize { readonly step: Resolution; readonly keepSeconds: number; readonly periodSeconds: number; readonly bytesMax: number }

const MIB = 1024 * 1024
/** Beyond its bytes a level forgets its oldest period, whatever its age. */
const LEVELS: readonly LevelSize[] = [
  { step: 1, keepSeconds: 3600, periodSeconds: 300, bytesMax: 24 * MIB },
  { step: 10, keepSeconds: 86_400, periodSeconds: 3600, bytesMax: 48 * MIB },
  { step: 60, keepSeconds: 30 * 86_400, periodSeconds: 2 * 3600, bytesMax: 160 * MIB },
]
/** Younger than this, a second still waits for slow agents. */
const OPEN_SECONDS = 15
/** A clock that is further ahead than this is not believed. */
const AHEAD_SECONDS_MAX = 3600
/** What a key costs in a period beside its bytes. */
const KEY_BYTES = 300

export interface SeriesQuery {
  /** Unix seconds, [from, to), at whole multiples of the resolution: a point that begins in it counts whole. */
  readonly from: number
  readonly to: number
  readonly resolution: Resolution
  readonly wants: (key: CellKey) => boolean
}

/** `second` is where the point begins. */
export interface Point { readonly second: number; readonly cells: readonly Cell[] }

export interface Series {
  /** Exact also for seconds that come late or again in parts. */
  add(second: number, cells: readonly Cell[], nowSecond: number): void
  /** Points that have any, oldest first. */
  read(query: SeriesQuery): readonly Point[]
  /** The first second that a resolution still knows: forgotten is what lies before. */
  since(resolution: Resolution, nowSecond: number): number
  /** Memory of everything packed. */
  readonly bytes: number
}

export function openSeries(sizes: readonly LevelSize[] = LEVELS): Series {
  const open = new Map<number, readonly Cell[]>()
  const levels = sizes.map(size => new Level(size))
  let newest = 0

  /** What a level has closed goes on to the next. */
  const fold = (second: number, cells: readonly Cell[]) => {
    let closed: Point | undefined = { second, cells }
    for (const level of levels) if (closed) closed = level.take(closed)
  }

  return {
    get bytes() { return levels.reduce((sum, level) => sum + level.bytes, 0) },
    add(second, cells, nowSecond) {
      if (second > nowSecond + AHEAD_SECONDS_MAX) return
      newest = Math.max(newest, second)
      if (second > newest - OPEN_SECONDS) open.set(second, withoutParts([...(open.get(second) ?? []), ...cells]))
      else for (const level of levels) level.put(second, withoutParts(cells))
      for (const over of [...open.keys()].filter(key => key <= newest - OPEN_SECONDS).sort((a, b) => a - b)) {
        fold(over, open.get(over) ?? [])
        open.delete(over)
      }
      for (const level of levels) level.forget(nowSecond)
    },
    read({ from, to, resolution, wants }) {
      const points = new Map<number, Cell[]>()
      const add = (second: number, cell: Cell) => {
        const slot = Math.floor(second / resolution) * resolution
        if (slot < from || slot >= to || !wants(cell)) return
        const cells = points.get(slot)
        if (cells) cells.push(cell)
        else points.set(slot, [cell])
      }
      for (const level of levels) {
        if (level.step === resolution) level.read(from, to, wants, add)
        if (level.step <= resolution) for (const cell of level.open?.cells ?? []) add(level.open?.second ?? 0, cell)
      }
      for (const [second, cells] of open) for (const cell of cells) add(second, cell)
      return [...points].sort(([a], [b]) => a - b).map(([second, cells]) => ({ second, cells: cells.length > 1 ? withoutParts(cells) : cells }))
    },
    since: (resolution, nowSecond) => levels.find(({ step }) => step === resolution)?.since(nowSecond) ?? nowSecond,
  }
}

class Level {
  readonly step: Resolution
  /** Not packed yet, because more may come. */
  open: Point | undefined
  bytes = 0
  readonly #size: LevelSize
  readonly #periods = new Map<number, Map<string, PackedCells>>()
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

  put(second: number, cells: readonly Cell[]): void {
    const start = this.#period(second)
    const period = this.#periods.get(start) ?? new Map<string, PackedCells>()
    this.#periods.set(start, period)
    for (const cell of cells) {
      const key = `${cell.gateway}\n${cell.route}\n${cell.instance}\n${cell.by}`
      let packed = period.get(key)
      if (packed) this.bytes -= packed.size
      else { packed = new PackedCells(cell); period.set(key, packed); this.bytes += KEY_BYTES }
      packed.append((this.#slot(second) - start) / this.step, cell)
      this.bytes += packed.size
    }
  }

  read(from: number, to: number, wants: (key: CellKey) => boolean, found: (second: number, cell: Cell) => void): void {
    for (const [start, period] of this.#periods) {
      if (start >= to || start + this.#size.periodSeconds <= from) continue
      const within = (at: number) => start + at * this.step >= from && start + at * this.step < to
      for (const packed of period.values()) if (wants(packed.key)) for (const [at, cell] of packed.read(within)) found(start + at * this.step, cell)
    }
  }

  forget(nowSecond: number): void {
    for (const start of this.#periods.keys()) if (start + this.#size.periodSeconds <= nowSecond - this.#size.keepSeconds) this.#drop(start)
    while (this.bytes > this.#size.bytesMax) {
      const oldest = Math.min(...this.#periods.keys())
      this.#drop(oldest)
      this.#forgottenUntil = Math.max(this.#forgottenUntil, oldest + this.#size.periodSeconds)
    }
  }

  since(nowSecond: number): number {
    return Math.max(this.#forgottenUntil, nowSecond - this.#size.keepSeconds)
  }

  #drop(start: number): void {
    for (const packed of this.#periods.get(start)?.values() ?? []) this.bytes -= packed.size + KEY_BYTES
    this.#periods.delete(start)
  }

  #slot(second: number): number { return Math.floor(second / this.step) * this.step }
  #period(second: number): number { return Math.floor(second / this.#size.periodSeconds) * this.#size.periodSeconds }
}
