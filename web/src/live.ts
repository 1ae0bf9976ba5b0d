/**
 * What keeps the screen true: one stream of events for the whole site, which says when to look again, and looking again
 * every few seconds anyway, so that a lost event costs seconds and not the truth. How old the data is, is always known.
 */
import { events } from '@vamp/model/api/events'
import { system } from '@vamp/model/api/system'
import type { Event } from '@vamp/model/event'
import { useEffect, useRef, useState } from 'react'
import { failed, heard, onEvent, starting, tellEvent } from './connection.ts'
import { lookAnew } from './look.ts'
import { vamp } from './server.ts'

const RETRY_MS = 2000
const IDENTITY_MS = 3000

let ending = new AbortController()
let started = false

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
  starting()
  lookAnew()
}

async function follow(): Promise<void> {
  for (;;) {
    const { signal } = ending
    try {
      for await (const { data } of vamp().stream(events.stream, {}, signal)) {
        heard()
        tellEvent(data)
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
  useEffect(() => onEvent(event => latest.current(event)), [])
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
