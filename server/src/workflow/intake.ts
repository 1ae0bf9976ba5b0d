/**
 * From events to runs. The place in the event log and the runs that its events begin are stored together, so that a server that
 * dies neither forgets an event nor hands it out twice.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Event } from '@vamp/model/event'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import type { EventLog } from '../event/event-log.ts'
import type { Store, Write } from '../store/store.ts'
import { recordName } from './run-writer.ts'
import type { TagIndex } from './tag-index.ts'

export interface IntakeOptions {
  readonly store: Store
  readonly events: EventLog
  readonly index: TagIndex
  readonly clock: Clock
  readonly log: Logger
  /** Runs that are stored. */
  readonly begun: (runs: readonly WorkflowRun[]) => void
  readonly room: (workflow: string) => number
  /** A trigger that found no room. */
  readonly dropped: (workflow: string) => void
}

/** Under which the place is kept. */
const PLACE = 'workflow-events'
/** Of the place alone, where nothing matched. */
const REMEMBER_MS = 5000
const RETRY_MS = 1000
const WRITES_MAX = 500

/** Goes on where the last server stopped; a first one begins with the next event. */
export async function startIntake({ store, events, index, clock, log, begun, room, dropped }: IntakeOptions): Promise<AsyncDisposable> {
  let place = (await store.get('settings', PLACE))?.value['place']
  if (typeof place !== 'string') {
    place = (await events.query({}, { limit: 1 })).events[0]?.id ?? ''
    await store.put('settings', PLACE, { place })
  }
  let stored = place as string
  let seen = stored
  let pending: WorkflowRun[] = []
  const coming = new Map<string, number>()
  let working: Promise<void> | undefined
  let closed = false

  function take(event: Event): void {
    seen = event.id
    for (const workflow of index.match(event.tags)) {
      const waits = coming.get(workflow) ?? 0
      if (room(workflow) <= waits) { dropped(workflow); continue }
      coming.set(workflow, waits + 1)
      pending.push(eventRun(workflow, event))
    }
    if (pending.length > 0) working ??= work()
  }

  async function work(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    while (pending.length > 0 && !closed) {
      const runs = firstOf(pending)
      const until = runs.length === pending.length ? seen : eventIdOf(runs.at(-1))
      try {
        await store.transaction([...runs.map((run): Write => ({ do: 'put', kind: 'workflow-runs', name: recordName(run), value: run, expected: 'any' })), placeWrite(until)])
      } catch (error) {
        log.warn('events for workflows cannot be recorded, will be tried again', { error })
        await clock.sleep(RETRY_MS)
        continue
      }
      stored = until
      pending = pending.slice(runs.length)
      for (const { workflow } of runs) coming.set(workflow, (coming.get(workflow) ?? 1) - 1)
      for (const [workflow, count] of coming) if (count <= 0) coming.delete(workflow)
      begun(runs)
    }
    working = undefined
  }

  async function remember(): Promise<void> {
    if (working || seen === stored) return
    const until = seen
    await store.transaction([placeWrite(until)]).then(() => { stored = until }, () => undefined)
  }

  const end = events.subscribe({}, take, stored === '' ? undefined : stored)
  let cancel = () => {}
  const arm = () => { cancel = clock.after(REMEMBER_MS, () => { void remember().finally(() => { if (!closed) arm() }) }) }
  arm()
  return {
    async [Symbol.asyncDispose]() {
      end()
      cancel()
      while (working) await working
      closed = true
      await remember()
    },
  }
}

/** So many as go together, with whole events only: the place is always behind one. A copy: more come in while these are stored. */
function firstOf(runs: readonly WorkflowRun[]): readonly WorkflowRun[] {
  const last = eventIdOf(runs[WRITES_MAX - 1])
  const end = last === '' ? -1 : runs.findIndex((run, index) => index >= WRITES_MAX && eventIdOf(run) !== last)
  return runs.slice(0, end < 0 ? undefined : end)
}

function eventIdOf(run: WorkflowRun | undefined): string {
  return run?.trigger.by === 'event' ? run.trigger.event.id : ''
}

const placeWrite = (place: string): Write => ({ do: 'put', kind: 'settings', name: PLACE, value: { place }, expected: 'any' })

/** The same event begins the same run, whoever computes it. */
export function eventRun(workflow: string, event: Event): WorkflowRun {
  return { id: `e${event.id}`, workflow, trigger: { by: 'event', event }, key: `${workflow}:event:${event.id}`, state: 'waiting', attempts: 0, created: event.timestamp, log: [], left_out: 0 }
}
