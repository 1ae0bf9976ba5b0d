/**
 * A reconciler is woken by a name and reads the world itself. It throws to be tried again with back-off
 * (a terminal `Fault` is not tried again until the next wake-up).
 */
export interface Reconciler {
  reconcile(name: string, signal: AbortSignal): Promise<Outcome>
}

export type Outcome = { readonly is: 'done' } | { readonly is: 'again'; readonly afterMs: number }

export const done: Outcome = { is: 'done' }
export const again = (afterMs: number): Outcome => ({ is: 'again', afterMs })

export interface KeyedQueue extends AsyncDisposable {
  /** Many wake-ups of a waiting name are one; a wake-up of a running name runs it once more. */
  wake(name: string): void
  /** Names waiting or running. */
  readonly size: number
}
