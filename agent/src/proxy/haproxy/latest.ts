/** One worker, one place to wait: work given while another waits takes its place, and both callers get its result. */
export interface Latest<T, R> {
  submit(item: T): Promise<R>
  /** Runs alone, after what is running and before what waits. */
  alone<S>(work: () => Promise<S>): Promise<S>
}

export function latest<T, R>(work: (item: T) => Promise<R>): Latest<T, R> {
  let tail: Promise<unknown> = Promise.resolve()
  let waiting: { item: T; result?: Promise<R> } | undefined
  const alone = <S>(next: () => Promise<S>): Promise<S> => {
    const result = tail.then(next, next)
    tail = result.catch(() => undefined)
    return result
  }
  return {
    alone,
    submit(item) {
      if (waiting?.result) {
        waiting.item = item
        return waiting.result
      }
      const place: { item: T; result?: Promise<R> } = { item }
      waiting = place
      const result = alone(() => {
        waiting = undefined
        return work(place.item)
      })
      place.result = result
      return result
    },
  }
}
