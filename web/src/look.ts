/** What is looked at: each thing of the server is asked for once, however many parts of the screen show it, and kept true as long as one does. */
import { ApiError } from '@vamp/client/api-error'
import type { Event } from '@vamp/model/event'
import { useCallback, useRef, useSyncExternalStore } from 'react'
import { failed, heard, onEvent } from './connection.ts'

const WAKE_MS = 250
/** Nobody sees a page in the background; it is looked at so many times less often. */
const HIDDEN_TIMES = 5
/** Values of screens that were seen, for coming back without waiting. */
const CACHE_MAX = 200

export type Live<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'here'; readonly value: T; readonly atMs: number; /** Why the newest attempt failed; the value is the one before. */ readonly error?: unknown }

export interface Seen<T> { readonly value: T; readonly atMs: number }

export interface Source<T> {
  /** The same key is the same thing on every screen. */
  readonly key: string
  readonly load: (signal: AbortSignal) => Promise<T>
  readonly everyMs: number
  /** What is known of it from something that was looked at before, until it is here itself. */
  readonly seed?: () => Seen<T> | undefined
  /** Whether an event is a reason to look again. */
  readonly wakes?: (event: Event) => boolean
}

interface Look { readonly shownBy: Set<() => void>; again(): void; close(): void }

const LOADING = { is: 'loading' } as const
const cache = new Map<string, Live<unknown>>()
const looks = new Map<string, Look>()

function remember(key: string, live: Live<unknown>): void {
  cache.delete(key)
  cache.set(key, live)
  const oldest = cache.keys().next().value
  if (cache.size > CACHE_MAX && oldest !== undefined) cache.delete(oldest)
}

/** What was last seen under a key, wherever it was shown. */
export function lastSeen<T>(key: string): Seen<T> | undefined {
  const live = cache.get(key) as Live<T> | undefined
  return live?.is === 'here' ? { value: live.value, atMs: live.atMs } : undefined
}

function known<T>({ key, seed }: Source<T>): Live<T> {
  const before = cache.get(key) as Live<T> | undefined
  if (before) return before
  const seen = seed?.()
  if (!seen) return LOADING
  const live = { is: 'here', ...seen } as const
  remember(key, live)
  return live
}

/** What is not shown is forgotten; what is shown is looked at again at once, and stands until then. */
export function lookAnew(): void {
  for (const key of cache.keys()) if (!looks.has(key)) cache.delete(key)
  for (const look of looks.values()) look.again()
}

/** A value of the server, kept true while it is shown. `again` looks at once. */
export function useLive<T>(source: Source<T>): Live<T> & { readonly again: () => void } {
  const { key, everyMs } = source
  const latest = useRef(source)
  latest.current = source
  const subscribe = useCallback((changed: () => void) => join(key, everyMs, () => latest.current, changed), [key, everyMs])
  const live = useSyncExternalStore(subscribe, () => known(latest.current))
  return { ...live, again: () => looks.get(key)?.again() }
}

function join<T>(key: string, everyMs: number, source: () => Source<T>, changed: () => void): () => void {
  const look = looks.get(key) ?? openLook(key, everyMs, source)
  looks.set(key, look)
  look.shownBy.add(changed)
  return () => {
    look.shownBy.delete(changed)
    // The next page, which comes in the same moment, may show it too.
    queueMicrotask(() => { if (look.shownBy.size === 0 && looks.get(key) === look) { looks.delete(key); look.close() } })
  }
}

function openLook<T>(key: string, everyMs: number, source: () => Source<T>): Look {
  const gone = new AbortController()
  const shownBy = new Set<() => void>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let [busy, due, dueMs] = [false, false, Number.POSITIVE_INFINITY]
  const show = (next: Live<T>) => { remember(key, next); for (const changed of shownBy) changed() }
  const plan = (ms: number) => { clearTimeout(timer); dueMs = Date.now() + ms; timer = setTimeout(() => { void look() }, ms) }
  const look = async () => {
    if (busy) { due = true; return }
    busy = true
    clearTimeout(timer)
    try {
      const value = await source().load(gone.signal)
      if (gone.signal.aborted) return
      heard()
      show({ is: 'here', value, atMs: Date.now() })
    } catch (error) {
      if (gone.signal.aborted) return
      failed(error)
      const before = cache.get(key) as Live<T> | undefined
      show(before?.is === 'here' && !isGone(error) ? { ...before, error } : { is: 'failed', error })
    } finally {
      busy = false
      if (!gone.signal.aborted) plan(due ? WAKE_MS : document.hidden ? everyMs * HIDDEN_TIMES : everyMs)
      due = false
    }
  }
  // Events that never cease must not put the look off for ever.
  const deaf = onEvent(event => { if (source().wakes?.(event)) { if (busy) due = true; else if (dueMs > Date.now() + WAKE_MS) plan(WAKE_MS) } })
  const seen = () => { if (!document.hidden) void look() }
  document.addEventListener('visibilitychange', seen)
  void look()
  return {
    shownBy,
    again: () => { void look() },
    close() {
      gone.abort()
      clearTimeout(timer)
      deaf()
      document.removeEventListener('visibilitychange', seen)
    },
  }
}

/** What was deleted is not shown as if it were only late. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 401)
}
