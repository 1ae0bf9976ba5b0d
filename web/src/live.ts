/**
 * What keeps the screen true: one stream of events for the whole site, which says when to look again, and looking again
 * every few seconds anyway, so that a lost event costs seconds and not the truth. How old the data is, is always known.
 */
import { ApiError } from '@vamp/client/api-error'
import { events } from '@vamp/model/api/events'
import { system } from '@vamp/model/api/system'
import type { Event } from '@vamp/model/event'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { vamp } from './server.ts'

/** Silence that a person is told about. */
export const STALE_MS = 5000
const WAKE_MS = 250
const RETRY_MS = 2000
const IDENTITY_MS = 3000
/** Values of screens that were seen, for coming back without waiting. */
const CACHE_MAX = 200

interface Connection { readonly is: 'live' | 'starting' | 'refused'; readonly heardMs: number }

const listeners = new Set<(event: Event) => void>()
const watchers = new Set<() => void>()
let connection: Connection = { is: 'starting', heardMs: Date.now() }
let ending = new AbortController()
let started = false

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

function refusedBy(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

function failed(error: unknown): void {
  if (refusedBy(error)) set({ is: 'refused', heardMs: connection.heardMs })
}

const subscribe = (watcher: () => void) => {
  watchers.add(watcher)
  return () => { watchers.delete(watcher) }
}

export const useConnection = (): Connection['is'] => useSyncExternalStore(subscribe, () => connection.is)

/** Milliseconds since the server last gave a sign of life. */
export const silentMs = (nowMs: number): number => nowMs - connection.heardMs

/** Begins to listen, once for the site. */
export function startLive(): void {
  if (started) return
  started = true
  void follow()
  void recognise()
}

/** After signing in: everything is asked for again. */
export function restartLive(): void {
  ending.abort()
  ending = new AbortController()
  set({ is: 'starting', heardMs: Date.now() })
  cache.clear()
}

async function follow(): Promise<void> {
  for (;;) {
    const { signal } = ending
    try {
      for await (const { data } of vamp().stream(events.stream, {}, signal)) {
        heard()
        for (const listener of listeners) listener(data)
      }
    } catch (error) {
      failed(error)
    }
    await pause(RETRY_MS)
  }
}

/** A server that began anew may count its events anew: then the stream begins anew as well. */
async function recognise(): Promise<void> {
  let known: string | undefined
  for (;;) {
    try {
      const { data } = await vamp().call(system.info, { query: { on: ['identity'] } })
      heard()
      if (known !== undefined && known !== data.running_since) restartLive()
      known = data.running_since
    } catch (error) {
      failed(error)
    }
    await pause(IDENTITY_MS)
  }
}

const pause = (ms: number) => new Promise<void>(resolve => { setTimeout(resolve, ms) })

/** Calls `on` with every event, as long as the component is shown. */
export function useEvents(on: (event: Event) => void): void {
  const latest = useRef(on)
  latest.current = on
  useEffect(() => {
    const listener = (event: Event) => latest.current(event)
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }, [])
}

export type Live<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'here'; readonly value: T; readonly atMs: number; /** Why the newest attempt failed; the value is the one before. */ readonly error?: unknown }

const cache = new Map<string, Live<never>>()

function remember(key: string, live: Live<unknown>): void {
  cache.delete(key)
  cache.set(key, live as Live<never>)
  const oldest = cache.keys().next().value
  if (cache.size > CACHE_MAX && oldest !== undefined) cache.delete(oldest)
}

/** What was last seen under a key, wherever it was shown. */
export function lastSeen<T>(key: string): Seen<T> | undefined {
  const live = cache.get(key) as Live<T> | undefined
  return live?.is === 'here' ? { value: live.value, atMs: live.atMs } : undefined
}

export interface Seen<T> { readonly value: T; readonly atMs: number }

function known<T>({ key, seed }: Pick<Source<T>, 'key' | 'seed'>): Live<T> {
  const before = cache.get(key) as Live<T> | undefined
  if (before) return before
  const seen = seed?.()
  return seen ? { is: 'here', ...seen } : { is: 'loading' }
}

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

/** A value of the server, kept true while it is shown. `again` looks at once. */
export function useLive<T>({ key, load, everyMs, wakes, seed }: Source<T>): Live<T> & { readonly again: () => void } {
  const [live, setLive] = useState<{ key: string; live: Live<T> }>(() => ({ key, live: known({ key, ...(seed ? { seed } : {}) }) }))
  const latest = useRef({ load, wakes, seed })
  latest.current = { load, wakes, seed }
  const wake = useRef(() => {})
  useEffect(() => {
    const gone = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let busy = false
    let due = false
    const show = (next: Live<T>) => { remember(key, next); setLive({ key, live: next }) }
    const look = async () => {
      if (busy) { due = true; return }
      busy = true
      clearTimeout(timer)
      try {
        const value = await latest.current.load(gone.signal)
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
        if (!gone.signal.aborted) plan(due ? WAKE_MS : document.hidden ? everyMs * 5 : everyMs)
        due = false
      }
    }
    let dueMs = Number.POSITIVE_INFINITY
    const plan = (ms: number) => { clearTimeout(timer); dueMs = Date.now() + ms; timer = setTimeout(() => { void look() }, ms) }
    // Events that never cease must not put the look off for ever.
    const listener = (event: Event) => { if (latest.current.wakes?.(event)) { if (busy) due = true; else if (dueMs > Date.now() + WAKE_MS) plan(WAKE_MS) } }
    const seen = () => { if (!document.hidden) void look() }
    listeners.add(listener)
    document.addEventListener('visibilitychange', seen)
    wake.current = () => { void look() }
    const { seed: from } = latest.current
    setLive({ key, live: known({ key, ...(from ? { seed: from } : {}) }) })
    void look()
    return () => {
      gone.abort()
      clearTimeout(timer)
      listeners.delete(listener)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [key, everyMs])
  return { ...(live.key === key ? live.live : { is: 'loading' as const }), again: () => wake.current() }
}

/** What was deleted is not shown as if it were only late. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 401)
}

/** The time, once a second. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
