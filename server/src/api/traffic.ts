/** What visitors got, over any window of the last thirty days. */
import { POINTS_MAX, traffic } from '@vamp/model/api/traffic'
import { Fault } from '@vamp/model/fault'
import { trafficReport } from '../traffic/report.ts'
import { eventTime } from './event-time.ts'
import { type Route, route, value } from './route.ts'
import type { World } from './world.ts'

const SINCE = '5m'
/** An agent that has been silent for longer has nothing more to tell of the newest seconds. */
const WAIT_SECONDS_MAX = 15

export function trafficRoutes(world: World): Route[] {
  return [
    route(traffic.read, async ({ query: { since, from: given, to: until, step: wanted, percentile, by = [], ...place } }) => {
      if (since !== undefined && given !== undefined) throw new Fault('invalid', 'since and from say the same: give one of them.')
      const newest = newestSecond(world)
      const to = Math.min(newest, until === undefined ? newest : secondOf(until, 'to', newest))
      const from = given === undefined ? to - durationOf(since ?? SINCE) : secondOf(given, 'from', newest)
      if (from >= to) throw new Fault('invalid', `The window is empty: it begins at ${iso(from)} and ends at ${iso(to)}.`)
      const step = wanted === undefined ? undefined : durationOf(wanted)
      const report = await trafficReport(world.traffic, { place, from, to, newest, ...(step === undefined ? {} : { step: demandFew(step, to - from) }), percentiles: percentile, by })
      return value(report)
    }),
  ]
}

/** Everything before it is complete: a second that agents still tell of would look like a drop. */
function newestSecond({ traffic: seen, clock }: World): number {
  const now = Math.floor(clock.now() / 1000)
  const complete = seen.completeUntil()
  return complete > now - WAIT_SECONDS_MAX && complete <= now ? complete : now
}

function demandFew(step: number, seconds: number): number {
  if (seconds / step > POINTS_MAX) throw new Fault('invalid', `A step of ${step} s makes ${Math.ceil(seconds / step)} points of the window; at most ${POINTS_MAX} are told: take a step of ${Math.ceil(seconds / POINTS_MAX)} s.`)
  return step
}

function secondOf(text: string, name: string, newest: number): number {
  const at = eventTime(text, newest * 1000)
  if (at === undefined) throw new Fault('invalid', `${name} is no time: '${text}'; write an ISO-8601 moment or now-10m.`)
  return Math.floor(at / 1000)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds, of `10m`; the contract has checked its form. */
export function durationOf(text: string): number {
  return Number.parseInt(text, 10) * (UNITS[text.at(-1) ?? ''] ?? 1)
}

const iso = (second: number) => new Date(second * 1000).toISOString()
