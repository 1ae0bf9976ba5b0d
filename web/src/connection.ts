/** Whether the server is there and what it last told, for the whole site. */
import { ApiError } from '@vamp/client/api-error'
import type { Event } from '@vamp/model/event'
import { useSyncExternalStore } from 'react'

/** Silence that a person is told about. */
export const STALE_MS = 5000

interface Connection { readonly is: 'live' | 'starting' | 'refused'; readonly heardMs: number }

const listeners = new Set<(event: Event) => void>()
const watchers = new Set<() => void>()
let connection: Connection = { is: 'starting', heardMs: Date.now() }

/** Watchers are told of changes; that there is one more sign of life is none. */
function set(next: Connection): void {
  const changed = next.is !== connection.is
  connection = next
  if (changed) for (const watcher of watchers) watcher()
}

/** Any answer proves that the server is there. */
export function heard(): void {
  set({ is: 'live', heardMs: Date.now() })
}

export function failed(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) set({ is: 'refused', heardMs: connection.heardMs })
}

export function starting(): void {
  set({ is: 'starting', heardMs: Date.now() })
}

const subscribe = (watcher: () => void) => {
  watchers.add(watcher)
  return () => { watchers.delete(watcher) }
}

export const useConnection = (): Connection['is'] => useSyncExternalStore(subscribe, () => connection.is)

/** Milliseconds since the server last gave a sign of life. */
export const silentMs = (nowMs: number): number => nowMs - connection.heardMs

/** Hears every event until what it returns is called. */
export function onEvent(listener: (event: Event) => void): () => void {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}

export function tellEvent(event: Event): void {
  for (const listener of listeners) listener(event)
}
