/** Where tables come from, whoever is told of measurements: what HTTP and the key-value stores have in common. */
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

export interface Tables extends AsyncDisposable {
  /** Called with the newest table, at once if there is one, and with every new one. Returns what ends it. */
  onTable(listener: (table: RoutingTable) => void): () => void
}

export interface TablesOptions {
  readonly clock: Clock
  readonly log: Logger
  /** For the log: where it looks. */
  readonly source: string
  /** Until the source ends or breaks. `newest` is what came last. */
  readonly follow: (take: (table: RoutingTable) => void, newest: RoutingTable | undefined, signal: AbortSignal) => Promise<void>
}

const RECONNECT_MS = 1_000

/** Heals by itself: a source that breaks is followed again. */
export function followTables({ clock, log, source, follow }: TablesOptions): Tables {
  const ended = new AbortController()
  const listeners = new Set<(table: RoutingTable) => void>()
  let newest: RoutingTable | undefined
  const take = (table: RoutingTable) => {
    newest = table
    for (const listener of listeners) listener(table)
  }
  const run = async () => {
    while (!ended.signal.aborted) {
      try {
        await follow(take, newest, ended.signal)
      } catch (error) {
        if (!ended.signal.aborted) log.warn('no tables at the moment, trying again', { source, error })
      }
      await clock.sleep(RECONNECT_MS, ended.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    onTable(listener) {
      listeners.add(listener)
      if (newest) listener(newest)
      return () => { listeners.delete(listener) }
    },
    async [Symbol.asyncDispose]() {
      ended.abort(new Error('closed'))
      await running
    },
  }
}
