/**
 * Events out: each sink is a consumer of the log with a place of its own in it. The log is the spool, so a sink that is away
 * costs nothing and misses only what the retention removes in the meantime. Delivery is at least once and in order: the place is
 * kept after the receiver has confirmed, and ids tell a repetition.
 *
 * A sink is a reconciler: woken by its name when events were appended, tried again by the queue when the receiver fails.
 */
import type { Event } from '@vamp/model/event'
import type { Outcome, Reconciler } from '../base/reconciler.ts'
import { again, done } from '../base/reconciler.ts'
import { sequenceOf } from './entry.ts'
import type { EventLog, EventQuery } from './event-log.ts'

/** Events looked at for one delivery. */
const DELIVERY_EVENTS_MAX = 500
/** Where nothing is delivered the place is kept so seldom: whoever comes later looks at no more of them again. */
const UNKEPT_EVENTS_MAX = 500
/** Bytes of their values in one delivery, as far as whole events go. */
const DELIVERY_BYTES_MAX = 4 * 1024 * 1024

export interface Sink {
  readonly query: EventQuery
  /** Resolves when the receiver has confirmed all of them; throws `Fault('sink_unreachable')`. */
  deliver(events: readonly Event[], signal: AbortSignal): Promise<void>
}

export interface SinkPlaces {
  /** The id of the last event that was delivered. A sink without a place begins with what comes next. */
  load(name: string): Promise<string | undefined>
  save(name: string, id: string): Promise<void>
}

export function sinkReconciler({ sink, places, events }: { sink: (name: string) => Promise<Sink | undefined>; places: SinkPlaces; events: EventLog }): Reconciler {
  /** How far each has looked, and what of it is kept: most events are for no sink, and to keep a place is a flush of the disk. */
  const reached = new Map<string, { readonly place: string; readonly kept: string }>()
  const keep = async (name: string, place: string) => {
    await places.save(name, place)
    reached.set(name, { place, kept: place })
  }
  return {
    async reconcile(name, signal): Promise<Outcome> {
      const to = await sink(name)
      if (!to) return done
      const kept = reached.get(name)?.kept ?? await places.load(name)
      if (kept === undefined) {
        await keep(name, await newestId(events))
        return done
      }
      const place = reached.get(name)?.place ?? kept
      const step = await events.following(place, to.query, DELIVERY_EVENTS_MAX)
      for (const bunch of bunches(step.events)) {
        await to.deliver(bunch, signal)
        await keep(name, bunch.at(-1)?.id ?? place)
      }
      const last = reached.get(name)?.kept ?? kept
      if (sequenceOf(step.next) - sequenceOf(last) >= UNKEPT_EVENTS_MAX) await keep(name, step.next)
      else reached.set(name, { place: step.next, kept: last })
      return step.atEnd ? done : again(0)
    },
  }
}

/** Of the last event there is. */
export async function newestId(events: EventLog): Promise<string> {
  // Far beyond the end, which is where it is cut back to.
  return (await events.following('000fffffffffffff', {}, 1)).next
}

function bunches(events: readonly Event[]): Event[][] {
  const all: Event[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const event of events) {
    const size = JSON.stringify(event).length
    if (bytes + size > DELIVERY_BYTES_MAX) { all.push([]); bytes = 0 }
    bytes += size
    all.at(-1)?.push(event)
  }
  return all
}
