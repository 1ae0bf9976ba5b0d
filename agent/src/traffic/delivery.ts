/** Windows on their way: kept until they have been taken, in order, the oldest given up when there are too many. */
import type { Window } from '@vamp/model/metric'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Link } from '../link/link.ts'
import type { Account } from '../proxy/proxy.ts'
import type { Sequence } from './sequence.ts'
import type { Second } from './windows.ts'

/** Ten minutes without a server. */
export const WINDOWS_KEPT = 600
/** Cells of all the windows kept, some 200 bytes each. */
export const CELLS_KEPT = 200_000
const RETRY_MS = 1000
/** How long the end waits for a delivery that hangs. */
const CLOSE_MS = 1000

export interface Delivery {
  add(seconds: readonly Second[]): void
  /** Tries once more to deliver what waits, and ends. */
  close(): Promise<void>
}

export interface DeliveryOptions {
  readonly agent: string
  readonly link: Pick<Link, 'deliver'>
  readonly sequence: Sequence
  readonly clock: Clock
  readonly log: Logger
  /** What an earlier process had begun is delivered first; what is begun here is written down before it is sent. */
  readonly account?: Account | undefined
}

export function openDelivery({ agent, link, sequence, clock, log, account }: DeliveryOptions): Delivery {
  const waiting: Second[] = []
  let cellsKept = 0
  /** Requests of windows that were given up, for the next one to tell. */
  let lost = 0
  /** The window that has a number; it is sent again until it is taken. */
  let current = account?.begun
  let running: Promise<void> | undefined
  let ended = false
  let retryNow = () => {}

  const giveUpOldest = () => {
    while (waiting.length > WINDOWS_KEPT || (cellsKept > CELLS_KEPT && waiting.length > 1)) {
      const oldest = waiting.shift()
      if (!oldest) return
      cellsKept -= oldest.cells.length
      lost += requestsOf(oldest)
    }
  }
  const nextWindow = async (): Promise<Window | undefined> => {
    if (waiting.length === 0) return undefined
    const number = await sequence.next()
    const second = waiting.shift()
    if (!second) return undefined
    cellsKept -= second.cells.length
    const dropped = second.dropped + lost
    lost = 0
    const window = { agent, sequence: number, ...second, dropped }
    await account?.begin(window)
    return window
  }
  /** Delivers until nothing waits or something fails. */
  const deliverAll = async (): Promise<boolean> => {
    try {
      for (;;) {
        current ??= await nextWindow()
        if (!current) return true
        await link.deliver(current)
        current = undefined
      }
    } catch (error) {
      log.debug('window not taken, it is sent again', { agent, waiting: waiting.length, error })
      return false
    }
  }
  const run = async () => {
    while (!(await deliverAll()) && !ended) {
      await new Promise<void>(resolve => {
        retryNow = resolve
        clock.after(RETRY_MS, resolve)
      })
    }
  }
  const wake = () => { running ??= run().finally(() => { running = undefined; if (!ended && waiting.length > 0) wake() }) }

  if (current) wake()
  return {
    add(seconds) {
      for (const second of seconds) {
        waiting.push(second)
        cellsKept += second.cells.length
      }
      giveUpOldest()
      wake()
    },
    async close() {
      ended = true
      retryNow()
      const delivered = (async () => { await running; await deliverAll() })()
      let cancel = () => {}
      await Promise.race([delivered, new Promise<void>(resolve => { cancel = clock.after(CLOSE_MS, resolve) })])
      cancel()
      const left = waiting.length + (current ? 1 : 0)
      if (left > 0) log.warn('windows lost at the end of the agent', { agent, windows: left })
    },
  }
}

function requestsOf({ cells, dropped }: Second): number {
  return dropped + cells.reduce((sum, { requests }) => sum + requests, 0)
}
