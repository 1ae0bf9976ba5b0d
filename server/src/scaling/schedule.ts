/** Bounds that hold at certain times: from each time a cron line names, for a duration. A floor is a bound, so nothing wobbles about it. */
import type { Autoscaler } from '@vamp/model/autoscaler'
import { Cron } from 'croner'

export interface Bounds { readonly minimum: number; readonly maximum: number }

/** The highest floor and the lowest ceiling of those in force; where they contradict each other, the ceiling wins. */
export function boundsAt({ minimum, maximum, schedules }: Pick<Autoscaler, 'minimum' | 'maximum' | 'schedules'>, nowMs: number): Bounds {
  const active = schedules.filter(schedule => isActive(schedule, nowMs))
  const ceiling = Math.min(maximum, ...active.flatMap(schedule => schedule.maximum === undefined ? [] : [schedule.maximum]))
  // A floor above the everyday maximum is meant: somebody expects a crowd.
  const floors = active.flatMap(schedule => schedule.minimum === undefined ? [] : [schedule.minimum])
  const highest = Math.max(minimum, ...floors)
  const lifted = active.some(schedule => schedule.maximum !== undefined) ? ceiling : Math.max(ceiling, highest)
  return { minimum: Math.min(highest, lifted), maximum: lifted }
}

function isActive({ cron, timezone, duration }: Autoscaler['schedules'][number], nowMs: number): boolean {
  const next = cronOf(cron, timezone).nextRun(new Date(nowMs - duration * 1000))
  return next !== null && next.getTime() <= nowMs
}

/** What is wrong with the schedules, in a sentence. */
export function scheduleProblem({ schedules }: Pick<Autoscaler, 'schedules'>): string | undefined {
  for (const { cron, timezone } of schedules) {
    try {
      cronOf(cron, timezone).nextRun(new Date(0))
    } catch (error) {
      return `schedule '${cron}' (${timezone}): ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return undefined
}

const CRONS_MAX = 1000
const crons = new Map<string, Cron>()

function cronOf(cron: string, timezone: string): Cron {
  const key = `${timezone}\n${cron}`
  const known = crons.get(key)
  if (known) return known
  if (crons.size >= CRONS_MAX) crons.clear()
  const made = new Cron(cron, { paused: true, timezone })
  crons.set(key, made)
  return made
}
