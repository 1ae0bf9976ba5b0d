/** A set of callbacks. One that throws is a bug: it crashes loudly, but neither the others nor whoever tells them pay for it. */
export interface Listeners<T> {
  /** Returns what removes it. The same function may be added twice. */
  add(listener: (value: T) => void): () => void
  tell(value: T): void
  readonly size: number
}

export function openListeners<T>(): Listeners<T> {
  const all = new Set<{ readonly listener: (value: T) => void }>()
  return {
    add(listener) {
      const entry = { listener }
      all.add(entry)
      return () => { all.delete(entry) }
    },
    tell(value) {
      for (const { listener } of all) {
        try {
          listener(value)
        } catch (error) {
          queueMicrotask(() => { throw error })
        }
      }
    },
    get size() { return all.size },
  }
}
