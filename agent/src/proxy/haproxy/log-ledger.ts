/**
 * How far the log was read, and how much of it is counted for good: kept beside the proxy, so that an agent that comes after one that
 * was killed can tell how many requests died with it. They are those that were read but not yet in a window that the server had
 * taken, and those that HAProxy wrote while nobody listened and could not keep: the counters of its streams have a gap.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from './files.ts'

/** One frontend of one process: its first and its newest line that was read. */
export type StreamMark = readonly [process: number, frontend: number, first: number, last: number]

export interface Ledger {
  readonly streams: readonly StreamMark[]
  /** Requests that were read and are not in a window that was taken. */
  readonly pending: number
}

const NOTHING: Ledger = { streams: [], pending: 0 }
const fileIn = (directory: string) => join(directory, 'log-ledger.json')

export async function readLedger(directory: string): Promise<Ledger> {
  try {
    const { streams, pending } = JSON.parse(await readFile(fileIn(directory), 'utf8')) as Ledger
    return Array.isArray(streams) && pending >= 0 ? { streams, pending } : NOTHING
  } catch {
    return NOTHING
  }
}

/** Writes one state at a time; of those that come meanwhile only the newest. */
export function ledgerWriter(directory: string): (state: () => Ledger) => void {
  let next: (() => Ledger) | undefined
  let writing: Promise<void> | undefined
  const write = async () => {
    for (let state = next; state; state = next) {
      next = undefined
      // A ledger that cannot be written tells too many requests as lost, not too few.
      await writeAtomic(fileIn(directory), JSON.stringify(state())).catch(() => undefined)
    }
  }
  return state => {
    next = state
    writing ??= write().finally(() => { writing = undefined })
  }
}
