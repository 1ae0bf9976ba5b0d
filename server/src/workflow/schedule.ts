/**
 * When a time schedule is due. Moments are computed from an anchor, never from the last run, so that nothing drifts: for a period they
 * are `anchor + n × period`, for a cron line the minutes (or seconds) it names, in UTC.
 */
import type { Schedule } from '@vamp/model/workflow'
import type { WorkflowState } from '@vamp/model/workflow-run'
import { Cron } from 'croner'
import { Temporal } from 'temporal-polyfill'

export type TimeSchedule = Extract<Schedule, { is: 'time' }>
export type Progress = NonNullable<WorkflowState['schedule']>

export interface Due {
  /** Unix milliseconds, oldest first: what is due and was not handed out yet. */
  readonly moments: readonly number[]
  /** How many older ones there were beyond `limit`. */
  readonly leftOut: number
  readonly progress: Progress
  /** Unix milliseconds; absent when it is over. */
  readonly nextMs?: number
}

/** Moments after a long absence are looked for so often at most; then the schedule goes on from now. */
const STEPS_MAX = 100_000

/** What is due until now. `before` is what was remembered; without it, or for another schedule, it begins now. */
export function dueMoments(schedule: TimeSchedule, before: Progress | undefined, nowMs: number, limit: number): Due {
  const text = JSON.stringify([schedule.period, schedule.repeat ?? null, schedule.start ?? null])
  const same = before?.text === text ? before : undefined
  const anchorMs = same ? Date.parse(same.anchor) : schedule.start === undefined || schedule.start === 'now' ? nowMs : momentMs(schedule.start)
  // Without a start the first run comes after one period; a start in the past brings nothing of the past.
  const fromMs = same ? (same.last === undefined ? anchorMs - 1 : Date.parse(same.last)) : schedule.start === undefined ? nowMs : nowMs - 1
  const rest = schedule.repeat === undefined ? Number.POSITIVE_INFINITY : Math.max(0, schedule.repeat - (same?.count ?? 0))
  const after = stepper(schedule.period, anchorMs)
  const found: number[] = []
  let nextMs = after(fromMs)
  for (let step = 0; nextMs !== undefined && nextMs <= nowMs && found.length < rest && step < STEPS_MAX; step++) {
    found.push(nextMs)
    nextMs = after(nextMs)
  }
  if (nextMs !== undefined && nextMs <= nowMs) nextMs = after(nowMs)
  const moments = found.slice(-limit)
  const lastMs = found.at(-1) ?? (same?.last === undefined ? fromMs : Date.parse(same.last))
  return {
    moments, leftOut: found.length - moments.length,
    progress: { text, anchor: iso(anchorMs), last: iso(lastMs), count: (same?.count ?? 0) + found.length },
    ...(nextMs === undefined || found.length >= rest ? {} : { nextMs }),
  }
}

/** The first moment after the given one. */
function stepper(period: string, anchorMs: number): (afterMs: number) => number | undefined {
  if (!period.startsWith('P')) {
    const cron = new Cron(period, { timezone: 'UTC', paused: true })
    return afterMs => cron.nextRun(new Date(afterMs))?.getTime()
  }
  const duration = Temporal.Duration.from(period)
  if (duration.years === 0 && duration.months === 0) {
    const stepMs = Math.max(1, duration.total({ unit: 'milliseconds', relativeTo: Temporal.PlainDate.from('2000-01-01') }))
    return afterMs => afterMs < anchorMs ? anchorMs : anchorMs + (Math.floor((afterMs - anchorMs) / stepMs) + 1) * stepMs
  }
  const anchor = Temporal.Instant.fromEpochMilliseconds(anchorMs).toZonedDateTimeISO('UTC')
  // From the anchor each time: the 31st of January and a month is the end of February, and two months the 31st of March.
  const at = (count: number) => anchor.add(times(duration, count)).epochMilliseconds
  const stepMs = Math.max(1, at(1) - anchorMs)
  return afterMs => {
    if (afterMs < anchorMs) return anchorMs
    let count = Math.max(0, Math.floor((afterMs - anchorMs) / stepMs) - 2)
    while (at(count) > afterMs && count > 0) count--
    while (at(count) <= afterMs) count++
    return at(count)
  }
}

function times({ years, months, weeks, days, hours, minutes, seconds, milliseconds }: Temporal.Duration, count: number): Temporal.Duration {
  return Temporal.Duration.from({ years: years * count, months: months * count, weeks: weeks * count, days: days * count, hours: hours * count, minutes: minutes * count, seconds: seconds * count, milliseconds: milliseconds * count })
}

function momentMs(text: string): number {
  return Date.parse(text.replace(/([+-]\d\d)(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`))
}

const iso = (ms: number) => new Date(ms).toISOString()
