/** Tables from etcd, ZooKeeper or Consul, where a server leaves them. Needs no server: what is there stays there. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { pointerChanged, readPointer, readTable } from './store/stored-table.ts'
import type { KeyValueStore } from './store/key-value-store.ts'
import { followTables, type Tables } from './tables.ts'

export function storeTables({ store, prefix, clock, log }: { readonly store: KeyValueStore; readonly prefix: string; readonly clock: Clock; readonly log: Logger }): Tables {
  let taken = ''
  return followTables({
    clock, log, source: store.driver,
    async follow(take, _, signal) {
      for (;;) {
        const { seen, pointer } = await readPointer(store, prefix, signal)
        if (pointer && pointer.id !== taken) {
          const table = await readTable(store, prefix, pointer, signal)
          // Superseded while it was read: the pointer is read again.
          if (!table) return
          taken = pointer.id
          take(table)
        }
        await pointerChanged(store, prefix, seen, signal)
        signal.throwIfAborted()
      }
    },
  })
}
