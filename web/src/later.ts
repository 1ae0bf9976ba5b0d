/** Work that can wait until the browser has nothing else to do. */
import { startTransition, useEffect, useState } from 'react'

/** Not every browser tells when it is idle. */
const WAIT_MS = 200

/** Calls `act` when nothing else is to do, and at the latest after `timeoutMs`; what it returns takes that back. */
export function whenIdle(act: () => void, timeoutMs: number): () => void {
  if ('requestIdleCallback' in globalThis) {
    const idle = requestIdleCallback(act, { timeout: timeoutMs })
    return () => cancelIdleCallback(idle)
  }
  const timer = setTimeout(act, WAIT_MS)
  return () => clearTimeout(timer)
}

/** False at first: what is below the fold is drawn after what is above it was seen. */
export function useLater(): boolean {
  const [later, setLater] = useState(false)
  useEffect(() => whenIdle(() => startTransition(() => setLater(true)), 1000), [])
  return later
}
