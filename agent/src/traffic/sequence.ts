/** The numbers of an agent's windows. Each is given once, over restarts too: blocks of them are written down before the first is used. */
export interface Sequence {
  next(): Promise<number>
}

/** Where the highest number that may have been given is kept. */
export interface SequenceStore {
  /** 0 the first time. */
  load(): Promise<number>
  save(reserved: number): Promise<void>
}

/** A restart skips at most so many numbers, and a number is written every quarter of an hour. */
const BLOCK = 900

/** For one caller at a time. */
export async function openSequence(store: SequenceStore): Promise<Sequence> {
  let last = await store.load()
  let reserved = last
  return {
    async next() {
      if (last === reserved) {
        await store.save(reserved + BLOCK)
        reserved += BLOCK
      }
      return ++last
    },
  }
}

/** For agents whose numbers need not outlive them. */
export function memorySequence(): Sequence {
  let last = 0
  return { next: async () => ++last }
}
