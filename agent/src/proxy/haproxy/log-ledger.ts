/**
 * How far the log was read, and which of it is with the server: kept beside the proxy, so that an agent that comes after one that was
 * killed reads on where that one stopped, delivers the window again that it had begun to deliver, and tells how many requests
 * died with it. They are those that were read and are in no window that was begun.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Window } from '@vamp/model/metric'
import { windowText } from '../../traffic/window-text.ts'
import { writeAtomic } from './files.ts'
import type { UnansweredMark } from './unanswered.ts'

/** One frontend of one process: its first and its newest line that was read. */
export type StreamMark = readonly [process: number, frontend: number, first: number, last: number]

export interface Ledger {
  readonly streams: readonly StreamMark[]
  /** What was told of requests that are in no line. */
  readonly unanswered: readonly UnansweredMark[]
  /** The last line of each process that was read. */
  readonly ends: readonly (readonly [process: number, line: string])[]
  /** Requests that were read and are in no window that was begun. */
  readonly pending: number
  /** The window that was begun last; the server may have it. */
  readonly window?: Window
}

const NOTHING: Ledger = { streams: [], unanswered: [], ends: [], pending: 0 }
const fileIn = (directory: string) => join(directory, 'log-ledger.json')

export async function readLedger(directory: string): Promise<Ledger> {
  try {
    const { streams, unanswered = [], ends, pending, window } = JSON.parse(await readFile(fileIn(directory), 'utf8')) as Ledger
    return Array.isArray(streams) && Array.isArray(ends) && pending >= 0 ? { streams, unanswered, ends, pending, ...(window ? { window } : {}) } : NOTHING
  } catch {
    return NOTHING
  }
}

function ledgerText({ window, ...rest }: Ledger): string {
  const text = JSON.stringify(rest)
  return window ? `${text.slice(0, -1)},"window":${windowText(window)}}` : text
}

/** Writes one state at a time; of those that come meanwhile only the newest. Resolves when the state, or a newer one, is written. */
export function ledgerWriter(directory: string): (state: () => Ledger) => Promise<void> {
  let next: (() => Ledger) | undefined
  let writing: Promise<void> | undefined
  const write = async () => {
    for (let state = next; state; state = next) {
      next = undefined
      // A ledger that cannot be written tells too many requests as lost, not too few.
      await writeAtomic(fileIn(directory), ledgerText(state())).catch(() => undefined)
    }
  }
  return state => {
    next = state
    writing ??= write().finally(() => { writing = undefined })
    return writing
  }
}
