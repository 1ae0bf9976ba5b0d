/**
 * Many small writes, one transaction: while one batch is being committed the next one gathers. A write resolves when its
 * batch is durable, and fails with it.
 */
import { Fault } from '@vamp/model/fault'

export interface GroupCommit<Item, Result> {
  /** What became of it, when it is durable. Throws `Fault('too_large')` when too much is waiting already. */
  add(item: Item, size: Size): Promise<Result>
  /** When everything that was added has been committed, or failed. */
  drained(): Promise<void>
}

export interface Size { readonly count: number; readonly bytes: number }

export interface GroupCommitOptions<Item, Result> {
  /** Makes a batch durable; one result for each item. */
  readonly commit: (batch: readonly Item[]) => Promise<readonly Result[]>
  /** Of the items of one batch, unless a single one has more. */
  readonly batchCountMax: number
  /** Added and not yet durable. */
  readonly waitingMax: Size
  /** What is said to whoever is too fast. */
  readonly tooFast: string
}

interface Waiting<Item, Result> { readonly item: Item; readonly size: Size; done(result: Result): void; failed(error: unknown): void }

export function openGroupCommit<Item, Result>({ commit, batchCountMax, waitingMax, tooFast }: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  let queue: Waiting<Item, Result>[] = []
  let count = 0
  let bytes = 0
  let pumping: Promise<void> | undefined

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      // What else arrived in this turn of the event loop comes along.
      await new Promise(resolve => setImmediate(resolve))
      const batch = take()
      try {
        const results = await commit(batch.map(({ item }) => item))
        for (const [index, { done }] of batch.entries()) done(results[index] as Result)
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
      for (const { size } of batch) {
        count -= size.count
        bytes -= size.bytes
      }
    }
    pumping = undefined
  }

  /** At least one item, and more as long as the batch is small. */
  function take(): Waiting<Item, Result>[] {
    let taken = 0
    const end = queue.findIndex(({ size }, index) => { taken += size.count; return index > 0 && taken > batchCountMax })
    const batch = end < 0 ? queue : queue.slice(0, end)
    queue = end < 0 ? [] : queue.slice(end)
    return batch
  }

  return {
    add(item, size) {
      if (count > 0 && (count + size.count > waitingMax.count || bytes + size.bytes > waitingMax.bytes))
        return Promise.reject(new Fault('too_large', tooFast, { waiting: count, bytes }))
      count += size.count
      bytes += size.bytes
      return new Promise((done, failed) => {
        queue.push({ item, size, done, failed })
        pumping ??= pump()
      })
    },
    async drained() { await pumping },
  }
}
