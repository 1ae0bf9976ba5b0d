/**
 * Leaves the newest table in a key-value store, for agents that read it there. Looks again after a while: a store that was
 * emptied, or lost what it had, gets the table once more.
 */
import type { Logger } from '@vamp/agent/base/log'
import type { KeyValueStore } from '@vamp/agent/link/store/key-value-store'
import { writeTable } from '@vamp/agent/link/store/stored-table'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { Fleet } from './fleet.ts'

/** There is one table. */
export const TABLE = 'table'
const LOOK_AGAIN_MS = 30_000

export interface TableStoreOptions {
  readonly store: KeyValueStore
  readonly prefix: string
  readonly fleet: Pick<Fleet, 'table'>
  /** Of this server's leadership; nothing while another one leads. */
  readonly fence: () => number | undefined
  readonly log: Logger
}

export function tableReconciler({ store, prefix, fleet, fence, log }: TableStoreOptions): Reconciler {
  return {
    async reconcile(): Promise<Outcome> {
      const [{ table }, mine] = [fleet, fence()]
      if (mine === undefined || table.revision === 0) return done
      if (await writeTable(store, prefix, table, mine) === 'written') log.info('routing table left in the key-value store', { store: store.driver, revision: table.revision })
      return again(LOOK_AGAIN_MS)
    },
  }
}
