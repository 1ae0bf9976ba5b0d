/** The store without a disk: for tests, and for installations that may forget. */
import type { NewEvent } from '@vamp/model/event'
import { openListeners } from '../../base/listeners.ts'
import { Fault } from '@vamp/model/fault'
import { decide } from '../decide.ts'
import { TRANSACTION_WRITES_MAX } from '../limits.ts'
import type { RecordKind } from '../record.ts'
import { recordText, stored } from '../record-text.ts'
import type { Change, Store, Stored, Write } from '../store.ts'

interface Held { readonly text: string; readonly stored: Stored }

/** Where a store without a disk tells of its writes. */
export interface MemoryHistory<E> {
  /** Throws what is wrong with them, before anything is written. */
  prepare(events: readonly NewEvent[]): E
  appendNow(prepared: E): void
}

export function openMemoryStore<E>(history?: MemoryHistory<E>): Store {
  const kinds = new Map<RecordKind, Map<string, Held>>()
  /** Names in order, per kind, until one comes or goes. */
  const sorted = new Map<RecordKind, readonly string[]>()
  let revision = 0
  let closed = false
  const listeners = openListeners<Change>()

  function demandOpen(): void {
    if (closed) throw new Fault('store_unavailable', 'the store is closed')
  }

  function records(kind: RecordKind): Map<string, Held> {
    const found = kinds.get(kind) ?? new Map<string, Held>()
    kinds.set(kind, found)
    return found
  }

  function names(kind: RecordKind): readonly string[] {
    const found = sorted.get(kind) ?? [...records(kind).keys()].sort()
    sorted.set(kind, found)
    return found
  }

  function set(kind: RecordKind, name: string, held: Held | undefined): void {
    const of = records(kind)
    if (of.has(name) !== (held !== undefined)) sorted.delete(kind)
    if (held) of.set(name, held)
    else of.delete(name)
  }

  function commit(writes: readonly Write[], told: readonly NewEvent[] = []): (Stored | undefined)[] {
    if (writes.length > TRANSACTION_WRITES_MAX) throw new Fault('too_large', `a transaction may have ${TRANSACTION_WRITES_MAX} writes`, { writes: writes.length })
    const texts = writes.map(write => write.do === 'put' ? recordText(write.kind, write.name, write.value) : undefined)
    const telling = told.length > 0 ? tellingOf(told) : undefined
    const undo: (() => void)[] = []
    const changes = new Map<string, Change>()
    try {
      const results = writes.map((write, index) => {
        const { kind, name } = write
        const current = records(kind).get(name)
        const decision = decide(write, texts[index], current && { revision: current.stored.revision, text: current.text })
        if (decision.is === 'nothing') return current?.stored
        const held = decision.is === 'put' ? { text: decision.text, stored: stored(kind, name, decision.text, revision + 1) } : undefined
        undo.push(() => set(kind, name, current))
        set(kind, name, held)
        changes.set(JSON.stringify([kind, name]), { kind, name, revision: revision + 1, deleted: held === undefined })
        return held?.stored
      })
      if (changes.size > 0) {
        revision++
        telling?.()
      }
      for (const change of changes.values()) listeners.tell(change)
      return results
    } catch (error) {
      for (const back of undo.reverse()) back()
      throw error
    }
  }

  function tellingOf(told: readonly NewEvent[]): () => void {
    if (!history) throw new Error('this store was opened without a history')
    const prepared = history.prepare(told)
    return () => history.appendNow(prepared)
  }

  return {
    async get<K extends RecordKind>(kind: K, name: string) {
      demandOpen()
      return records(kind).get(name)?.stored as Stored<K> | undefined
    },
    async list<K extends RecordKind>(kind: K, { prefix = '', offset = 0, limit }: { prefix?: string; offset?: number; limit?: number } = {}) {
      demandOpen()
      const all = prefix ? names(kind).filter(name => name.startsWith(prefix)) : names(kind)
      const page = all.slice(offset, limit === undefined ? undefined : offset + limit)
      return { items: page.flatMap(name => (records(kind).get(name)?.stored ?? []) as Stored<K> | []), total: all.length }
    },
    async put<K extends RecordKind>(kind: K, name: string, value: Stored<K>['value'], expected: Write['expected'] = 'any') {
      demandOpen()
      return commit([{ do: 'put', kind, name, value, expected }])[0] as Stored<K>
    },
    async delete(kind, name, expected = 'any') {
      demandOpen()
      const before = revision
      commit([{ do: 'delete', kind, name, expected }])
      return revision > before
    },
    async transaction(writes, told) { demandOpen(); return commit(writes, told) },
    watch: listeners.add,
    async revision() { demandOpen(); return revision },
    async [Symbol.asyncDispose]() { closed = true },
  }
}
