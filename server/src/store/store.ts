/**
 * DESIRED, and what reconcilers remember: named records with revisions, compare-and-set and a watch.
 * The contract suite is `contract.ts`; drivers are folders beside it, `memory/` first.
 */
import type { NewEvent } from '@vamp/model/event'
import type { RecordKind, RecordOf } from './record.ts'

export interface Stored<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly name: string
  readonly value: RecordOf[K]
  /** Of the whole store: grows by at least one with every committed write, never repeats. */
  readonly revision: number
}

/** What must be true of the record for the write to happen: its revision, that it is absent, or nothing. */
export type Expected = number | 'absent' | 'any'

export type Write<K extends RecordKind = RecordKind> =
  | { readonly do: 'put'; readonly kind: K; readonly name: string; readonly value: RecordOf[K]; readonly expected: Expected }
  | { readonly do: 'delete'; readonly kind: K; readonly name: string; readonly expected: Expected }

export interface Change {
  readonly kind: RecordKind
  readonly name: string
  readonly revision: number
  readonly deleted: boolean
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly total: number
}

export interface Store extends AsyncDisposable {
  get<K extends RecordKind>(kind: K, name: string): Promise<Stored<K> | undefined>
  /** In order of name; without a limit all of them. `prefix` filters names. */
  list<K extends RecordKind>(kind: K, options?: { prefix?: string; offset?: number; limit?: number }): Promise<Page<Stored<K>>>
  /** One write. Throws `Fault('revision_mismatch')`; a put of an equal value changes no revision and wakes nobody. Frozen values come back. */
  put<K extends RecordKind>(kind: K, name: string, value: RecordOf[K], expected?: Expected): Promise<Stored<K>>
  /** True if it was there. */
  delete(kind: RecordKind, name: string, expected?: Expected): Promise<boolean>
  /**
   * All or nothing, in order; the same revision for all. What is told of it is in the event log when and only when the writes
   * are in the store, whenever the server ends; where nothing changes nothing is told.
   */
  transaction(writes: readonly Write[], told?: readonly NewEvent[]): Promise<readonly (Stored | undefined)[]>
  /** Called after each commit, once per changed record, in order of revision. */
  watch(listener: (change: Change) => void): () => void
  /** The newest revision. */
  revision(): Promise<number>
}
