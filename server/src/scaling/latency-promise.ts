/** A promise about latency, kept with as few instances as the queueing model says, which learns while they serve. */
import type { Slo } from '@vamp/model/slo'
import { capacityOf, openQueueEstimator, type SafeLoad } from '@vamp/stats/queueing'
import { merge, millisecondsOf, type SketchData } from '@vamp/stats/sketch'
import type { LoadHistory, LoadSecond } from './load.ts'
import type { ScalerTick } from './service-scaler.ts'
import { backlogRate, LATELY_SECONDS, leadOf, needed, type Reading, ROOM, type SignalReader, STABLE_SECONDS } from './need.ts'

/** Seconds are taken together until they hold so many requests, or so many seconds. */
const BLOCK_REQUESTS = 40
const BLOCK_SECONDS = 10

export function openLatencyPromise(signal: string, { quantile, limitMs }: Extract<Slo, { is: 'latency' }>, windows: readonly number[]): SignalReader {
  const estimator = openQueueEstimator({ limitMs, quantile })
  const blocks = openBlocks((rate, instances, requests, latency, overloaded, at) => estimator.observe({ rate, instances, requests, latency, overloaded, at }))
  return {
    read(demand, own, tick): Reading {
      blocks.add(tick, own)
      const safe = estimator.safeLoad(tick.instances)
      const measured = own.latency(STABLE_SECONDS / 3, quantile * 100)
      const stable = Math.max(demand.rate(STABLE_SECONDS).rate, ...LATELY_SECONDS.map(seconds => demand.rate(seconds).least))
      if (!safe) return { signal, value: measured ?? null, unit: 'ms', target: limitMs, wanted: stable > 0 ? Math.max(1, tick.instances) : 0 }
      const { wanted, value } = needed({ least: seconds => demand.rate(seconds).least, rate: seconds => demand.rate(seconds).rate, stable, perInstance: safe.rate, windows, instances: tick.instances, extra: backlogRate(demand), room: ROOM, growth: demand.growth, lead: leadOf(tick) })
      return { signal, value, unit: 'requests/s', target: safe.rate, wanted, perInstance: safe.rate, because: explain(signal, safe, measured) }
    },
  }
}

function explain(signal: string, { rate, because, hopeless, fitted: { station } }: SafeLoad, measured: number | undefined): string {
  const bears = capacityOf(station)
  const room = rate < bears ? `, ${Math.round(100 * (1 - rate / bears))} % head-room below the ${Math.round(bears)} it could work off` : ''
  const now = measured === undefined ? '' : `; measured ${Math.round(measured)} ms`
  if (hopeless) return `the work alone takes longer than ${signal} allows, which no size changes; nobody waits much${now}`
  switch (because) {
    case 'seen_bad': return `more was seen to break ${signal}${now}`
    case 'seen_best': return `a little more than the most that was seen to keep ${signal}${now}`
    case 'model': return `which keeps ${signal} by a model of ${station.servers} at a time in ${Math.round(station.serviceMs)} ms each${room}${now}`
    default: return because satisfies never
  }
}

type Take = (ratePerInstance: number, instances: number, requests: number, latency: SketchData, overloaded: boolean, at: number) => void

/** Seconds with the same number of ready instances, taken together. */
function openBlocks(take: Take): { add(tick: ScalerTick, own: LoadHistory): void } {
  let block: LoadSecond[] = []
  let [ready, changedAt, troubledAt] = [0, 0, 0]
  return {
    add({ seconds, ready: now, nowMs }, own) {
      if (now !== ready) { ready = now; block = []; changedAt = nowMs }
      if (now > 0 && (own.growing || backlogRate(own) > 0)) troubledAt = nowMs
      // The first seconds of a new size still tell of the old one.
      if (ready === 0 || nowMs - changedAt < 2000) return
      block.push(...seconds)
      const requests = block.reduce((sum, second) => sum + second.requests, 0)
      if (requests < BLOCK_REQUESTS && block.length < BLOCK_SECONDS) return
      const last = block.at(-1)
      const latency = merge(block.map(second => second.latency))
      // What has piled up tells of a while ago; only how fast it is worked off tells of now.
      const old = Math.max(0, ...latency.map(([bucket]) => millisecondsOf(bucket))) > nowMs - Math.max(troubledAt, changedAt)
      if (last && requests > 0 && (own.growing || !old)) take(requests / block.length / ready, ready, requests, latency, own.growing, last.second)
      block = []
    },
  }
}
