/** A promise about latency, kept with as few instances as the queueing model says, which learns while they serve. */
import type { Slo } from '@vamp/model/slo'
import { type LoadSample, openQueueEstimator, type SafeLoad } from '@vamp/stats/queue-estimator'
import { capacityOf } from '@vamp/stats/queueing'
import { merge, millisecondsOf } from '@vamp/stats/sketch'
import type { LoadHistory, LoadSecond } from './load.ts'
import type { ScalerTick } from './service-scaler.ts'
import { backlogRate, type Foreseen, leadOf, needed, type Reading, ROOM, type SignalReader, STABLE_SECONDS, stableRate } from './need.ts'

/** Seconds are taken together until there are so many and they hold so many requests, or so many seconds: of fewer, chance makes one load look like another. */
const BLOCK_REQUESTS = 1000
const BLOCK_SECONDS_MIN = 8
const BLOCK_SECONDS_MAX = 60
/** Under overload every second tells how much is worked off. */
const OVERLOADED_REQUESTS = 40
/** More than this many times what was planned for is none of the plan's fault. */
const SURPRISE = 1.25

export function openLatencyPromise(signal: string, { quantile, limitMs }: Extract<Slo, { is: 'latency' }>, windows: readonly number[]): SignalReader {
  const estimator = openQueueEstimator({ limitMs, quantile })
  const blocks = openBlocks(sample => estimator.observe(sample))
  let planned = 0
  return {
    read(demand, own, tick): Reading {
      blocks.add(tick, own, planned)
      const safe = estimator.safeLoad(tick.instances, tick.foreseen !== undefined || demand.grown(leadOf(tick), tick.chance) === 0)
      planned = (safe?.rate ?? 0) * tick.ready
      const measured = own.latency(STABLE_SECONDS / 3, quantile * 100)
      const foreseen = safe && tick.foreseen && toProvideFor(tick.foreseen, safe)
      const stable = stableRate(seconds => demand.rate(seconds, tick.chance), foreseen)
      if (!safe) return { signal, value: measured ?? null, unit: 'ms', target: limitMs, wanted: stable > 0 ? Math.max(1, tick.instances) : 0 }
      const { wanted, value } = needed({ least: seconds => demand.rate(seconds, tick.chance).least, rate: seconds => demand.rate(seconds).rate, stable, perInstance: safe.rate, windows, instances: tick.instances, extra: backlogRate(demand), room: ROOM, grown: ahead => demand.grown(ahead, tick.chance), lead: leadOf(tick) })
      return { signal, value, unit: 'requests/s', target: safe.rate, wanted, perInstance: safe.rate, ...(foreseen === undefined ? {} : { foreseen }), because: explain(signal, safe, measured) }
    },
  }
}

/** The middle, as long as what instances bear beyond the plan is enough for what the forecast errs by. */
function toProvideFor({ most, upper }: Foreseen, { rate, most: bears }: SafeLoad): number {
  return Math.max(most, upper * rate / bears)
}

function explain(signal: string, { rate, because, hopeless, fitted: { station } }: SafeLoad, measured: number | undefined): string {
  const bears = capacityOf(station)
  const room = rate < bears ? `, ${Math.round(100 * (1 - rate / bears))} % head-room below the ${Math.round(bears)} it could work off` : ''
  const now = measured === undefined ? '' : `; measured ${Math.round(measured)} ms`
  if (hopeless) return `the work alone takes longer than ${signal} allows, which no size changes; nobody waits much${now}`
  switch (because) {
    case 'seen_bad': return `more was seen to break ${signal}${now}`
    case 'seen_best': return `a little more than the most that was seen to keep ${signal}${now}`
    case 'spent': return `more is late than was planned for: less load for a while${now}`
    case 'model': return `which keeps ${signal} by a model of ${station.servers} at a time in ${Math.round(station.serviceMs)} ms each${room}${now}`
    default: return because satisfies never
  }
}

/** Seconds with the same number of ready instances, taken together. `planned`: requests per second that they were thought to bear. */
function openBlocks(take: (sample: LoadSample) => void): { add(tick: ScalerTick, own: LoadHistory, planned: number): void } {
  let block: LoadSecond[] = []
  let [ready, changedAt, troubledAt, troubled] = [0, 0, 0, false]
  return {
    add({ seconds, ready: now, nowMs }, own, planned) {
      if (now !== ready) { ready = now; block = []; changedAt = nowMs }
      // What piles up at the load that was planned for is part of that load.
      const surprised = planned > 0 && own.rate(3).rate > SURPRISE * planned
      const overloaded = surprised && own.growing
      troubled = (surprised || troubled) && (own.growing || backlogRate(own) > 0)
      if (now > 0 && troubled) troubledAt = nowMs
      // The first seconds of a new size still tell of the old one.
      if (ready === 0 || nowMs - changedAt < 2000) return
      // What has piled up tells of a while ago; only how fast it is worked off tells of now.
      const since = nowMs - 1000 - Math.max(troubledAt, changedAt)
      if (planned > 0 && !overloaded && seconds.some(({ latency }) => latency.some(([bucket]) => millisecondsOf(bucket) > since))) { block = []; return }
      block.push(...seconds)
      const requests = block.reduce((sum, second) => sum + second.requests, 0)
      if (overloaded ? requests < OVERLOADED_REQUESTS : block.length < BLOCK_SECONDS_MAX && (requests < (planned > 0 ? BLOCK_REQUESTS : OVERLOADED_REQUESTS) || planned > 0 && block.length < BLOCK_SECONDS_MIN)) return
      const last = block.at(-1)
      if (last && requests > 0) take({ rate: requests / block.length / ready, instances: ready, requests, latency: merge(block.map(second => second.latency)), overloaded, brief: planned === 0, at: last.second })
      block = []
    },
  }
}
