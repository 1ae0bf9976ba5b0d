/**
 * Samples become one-second windows of cells. A second is closed when it has been over for `LATENESS_MS`; what comes later
 * is counted in the oldest second still open, so that every sample counts exactly once. A second without requests gives a
 * window too: that nothing happened is evidence, silence is not.
 */
import type { Window } from '@vamp/model/metric'
import type { Place, Samples } from '../proxy/samples.ts'
import { SecondCells } from './second-cells.ts'

/** How long after its end a second still takes samples. */
export const LATENESS_MS = 250
/** Seconds open at a time; if nobody closes them, the newest takes all that comes. */
export const OPEN_SECONDS_MAX = 16
/** After a longer pause seconds without requests are told only for its end. */
const EMPTY_SECONDS_MAX = 10

/** A window without its sender and number. */
export type Second = Omit<Window, 'agent' | 'sequence'>

export interface Windows {
  /** `dropped`: requests that the proxy could not tell about. What is in no cell, because there is no room for another one, counts as that, too. */
  add(samples: Samples, dropped: number): void
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

  const secondOf = (endedAt: number): number => {
    const second = Math.floor(endedAt / 1000)
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
      const { length, at, ends, places } = samples
      // One batch is mostly of one second, and has many requests for each place.
      let [ended, second] = [Number.NaN, Number.NaN]
      let cells: SecondCells | undefined
      let rows: (Int32Array | undefined)[] = []
      for (let index = 0; index < length; index++) {
        if (ends[index] !== ended || !cells) {
          ended = ends[index] as number
          const its = secondOf(ended)
          if (its !== second || !cells) {
            second = its
            cells = getOrMake(open, second, () => new SecondCells())
            rows = new Array(places.length)
          }
        }
        const place = at[index] as number
        const row = rows[place] ?? cells.rowOf(places[place] as Place)
        rows[place] = row
        if (!cells.add(samples, index, row)) dropped++
      }
    },
    close: nowMs => closeBefore(Math.floor((nowMs - LATENESS_MS) / 1000)),
    flush: () => closeBefore(Math.max(first, ...open.keys()) + 1),
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
