/**
 * Many small appends, one transaction: while one batch is being committed the next one gathers. An append resolves when its
 * batch is durable, and fails with it.
 */
import { Fault } from '@vamp/model/fault'
import type { Entry } from './entry.ts'
import { COMMIT_EVENTS_MAX, PENDING_BYTES_MAX, PENDING_EVENTS_MAX } from './limits.ts'

export interface GroupCommit {
  /** The sequence of the first entry, when all are durable. Throws `Fault('too_large')` when too much is waiting already. */
  append(entries: readonly Entry[]): Promise<number>
  /** When everything that was appended has been committed, or failed. */
  drained(): Promise<void>
}

interface Waiting { readonly entries: readonly Entry[]; readonly bytes: number; done(first: number): void; failed(error: unknown): void }

/** `commit` makes a batch durable and gives the sequence of its first entry. */
export function openGroupCommit(commit: (batch: readonly Entry[]) => Promise<number>): GroupCommit {
  let queue: Waiting[] = []
  let events = 0
  let bytes = 0
  let pumping: Promise<void> | undefined

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      // What else arrived in this turn of the event loop comes along.
      await new Promise(resolve => setImmediate(resolve))
      const batch = take()
      try {
        let sequence = await commit(batch.flatMap(waiting => waiting.entries))
        for (const { entries, done } of batch) {
          done(sequence)
          sequence += entries.length
        }
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
      for (const waiting of batch) {
        events -= waiting.entries.length
        bytes -= waiting.bytes
      }
    }
    pumping = undefined
  }

  /** At least one append, and more as long as the batch is small. */
  function take(): Waiting[] {
    let count = 0
    const end = queue.findIndex(({ entries }, index) => { count += entries.length; return index > 0 && count > COMMIT_EVENTS_MAX })
    const batch = end < 0 ? queue : queue.slice(0, end)
    queue = end < 0 ? [] : queue.slice(end)
    return batch
  }

  return {
    append(entries) {
      const size = entries.reduce((sum, { value, tags }) => sum + (value?.length ?? 0) + tags.reduce((length, tag) => length + tag.length, 0), 0)
      if (events > 0 && (events + entries.length > PENDING_EVENTS_MAX || bytes + size > PENDING_BYTES_MAX))
        return Promise.reject(new Fault('too_large', 'events arrive faster than the database takes them: send them more slowly', { waiting: events, bytes }))
      events += entries.length
      bytes += size
      return new Promise((done, failed) => {
        queue.push({ entries, bytes: size, done, failed })
        pumping ??= pump()
      })
    },
    async drained() { await pumping },
  }
}
