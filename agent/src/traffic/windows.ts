/**
 * Samples become one-second windows of cells. A second is closed when it has been over for `LATENESS_MS`; what comes later
 * is counted in the oldest second still open, so that every sample counts exactly once. A second without requests gives a
 * window too: that nothing happened is evidence, silence is not.
 */
import type { Cell, Ending, Window } from '@vamp/model/metric'
import { Sketch } from '@vamp/stats/sketch'
import type { Sample } from '../proxy/proxy.ts'

/** How long after its end a second still takes samples. */
export const LATENESS_MS = 250
/** Cells of one window; a thousand routes with two instances and eight parts are 16 000. Samples beyond are counted as dropped. */
export const CELLS_MAX = 32_768
/** Seconds open at a time; if nobody closes them, the newest takes all that comes. */
export const OPEN_SECONDS_MAX = 16
/** After a longer pause seconds without requests are told only for its end. */
const EMPTY_SECONDS_MAX = 10

/** A window without its sender and number. */
export type Second = Omit<Window, 'agent' | 'sequence'>

export interface Windows {
  /** `dropped`: requests that the proxy could not tell about. */
  add(samples: readonly Sample[], dropped: number): void
  /** The seconds that are over, oldest first. */
  close(nowMs: number): Second[]
  /** All that is left, the second in progress too; for the end. */
  flush(): Second[]
}

export function openWindows(nowMs: number): Windows {
  /** The oldest second that takes samples. */
  let first = Math.floor(nowMs / 1000)
  let dropped = 0
  const open = new Map<number, SecondCells>()

  const secondOf = (sample: Sample): number => {
    const second = Math.floor(sample.endedAt / 1000)
    // A clock that runs ahead of ours does not open seconds at will.
    return second >= first ? Math.min(second, first + OPEN_SECONDS_MAX - 1) : first
  }
  const take = (second: number): Second => {
    const cells = open.get(second)?.cells() ?? []
    open.delete(second)
    const lost = dropped
    dropped = 0
    return { second, cells, dropped: lost }
  }
  const closeBefore = (end: number): Second[] => {
    const closed: Second[] = []
    const everySince = Math.max(first, end - EMPTY_SECONDS_MAX)
    for (const second of [...open.keys()].filter(second => second < everySince).sort((a, b) => a - b)) closed.push(take(second))
    for (let second = everySince; second < end; second++) closed.push(take(second))
    first = Math.max(first, end)
    return closed
  }

  return {
    add(samples, lost) {
      dropped += lost
      // One batch is mostly of one second.
      let second = Number.NaN
      let cells: SecondCells | undefined
      for (const sample of samples) {
        const its = secondOf(sample)
        if (its !== second) cells = undefined
        second = its
        cells ??= getOrMake(open, second, () => new SecondCells())
        if (!cells.add(sample)) dropped++
      }
    },
    close: nowMs => closeBefore(Math.floor((nowMs - LATENESS_MS) / 1000)),
    flush: () => closeBefore(Math.max(first, ...open.keys()) + 1),
  }
}

interface OpenCell {
  readonly gateway: string
  readonly route: string
  readonly instance: string
  readonly by: Cell['by']
  readonly part: number
  requests: number
  errors: number
  bytes: number
  readonly statuses: [number, number, number, number, number, number]
  readonly latency: Sketch
  endings: Partial<Record<Ending, number>> | undefined
}

const PARTS = 8
const WAYS: readonly Cell['by'][] = ['weight', 'condition', 'mirror']

/** The cells of one second. Maps of maps, because names are the same strings again and again and their hashes are known. */
class SecondCells {
  readonly #gateways = new Map<string, Map<string, Map<string, (OpenCell | undefined)[]>>>()
  #count = 0

  /** False if there is no room for another cell. */
  add(sample: Sample): boolean {
    const slot = WAYS.indexOf(sample.by) * PARTS + (sample.part & (PARTS - 1))
    const cell = this.#gateways.get(sample.gateway)?.get(sample.route)?.get(sample.instance)?.[slot] ?? this.#open(slot, sample)
    if (!cell) return false
    cell.requests++
    if (sample.error) cell.errors++
    cell.bytes += sample.bytes
    const hundred = Math.floor(sample.status / 100)
    const status = hundred >= 1 && hundred <= 5 ? hundred : 0
    cell.statuses[status] = (cell.statuses[status] ?? 0) + 1
    if (sample.latencyMs !== undefined) cell.latency.record(sample.latencyMs)
    if (sample.ending) {
      cell.endings ??= {}
      cell.endings[sample.ending] = (cell.endings[sample.ending] ?? 0) + 1
    }
    return true
  }

  cells(): Cell[] {
    return [...this.#gateways.values()].flatMap(routes => [...routes.values()].flatMap(instances => [...instances.values()].flatMap(slots =>
      slots.flatMap(cell => cell ? [{ ...cell, latency: cell.latency.toData() }] : []))))
  }

  #open(slot: number, { gateway, route, instance, by, part }: Sample): OpenCell | undefined {
    if (this.#count >= CELLS_MAX) return undefined
    this.#count++
    const cell: OpenCell = { gateway, route, instance, by, part: part & (PARTS - 1), requests: 0, errors: 0, bytes: 0, statuses: [0, 0, 0, 0, 0, 0], latency: new Sketch(), endings: undefined }
    const routes = getOrMake(this.#gateways, gateway, () => new Map<string, Map<string, (OpenCell | undefined)[]>>())
    const instances = getOrMake(routes, route, () => new Map<string, (OpenCell | undefined)[]>())
    getOrMake(instances, instance, (): (OpenCell | undefined)[] => [])[slot] = cell
    return cell
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
