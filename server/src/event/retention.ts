/** How long events are kept. A clean-up runs by the clock, in small steps that never keep an append waiting for long. */
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { EventLog } from './event-log.ts'

const DAY_MS = 86_400_000
const PRUNE_EVERY_MS = 10 * 60_000

export interface Retention {
  /** Days, of every type that is not named. */
  readonly days: number
  /** Days, by type. */
  readonly types: Readonly<Record<string, number>>
}

/** What people did is kept for years, what machines measured for a month. */
export const DEFAULT_RETENTION: Retention = { days: 30, types: { archive: 3650, audit: 3650, release: 365 } }

/** The first clean-up comes one interval after the start. Returns what stops it. */
export function startRetention({ events, retention, clock, log }: { events: EventLog; /** Asked each time; nothing: events are kept for ever. */ retention: () => Retention | undefined; clock: Clock; log: Logger }): () => void {
  return every(clock, PRUNE_EVERY_MS, async () => {
    try {
      const now = retention()
      const removed = now ? await pruneAll(events, now, clock.now()) : 0
      if (removed > 0) log.info('old events removed', { removed })
    } catch (error) {
      log.warn('old events could not be removed, will be tried again', { afterMs: PRUNE_EVERY_MS, error })
    }
  })
}

/** How many events were removed. */
export async function pruneAll(events: EventLog, { days, types }: Retention, now: number): Promise<number> {
  let removed = await events.prune(now - days * DAY_MS, { except: Object.keys(types) })
  for (const [type, own] of Object.entries(types)) removed += await events.prune(now - own * DAY_MS, type)
  return removed
}
