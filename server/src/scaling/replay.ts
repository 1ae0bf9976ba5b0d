/**
 * A policy on recorded traffic: what it would have ordered, and when. The recorded requests are given to the same scaler, with
 * instances that take the given time to start. What cannot be known stays unknown: latencies are the recorded ones, and would
 * have been others with another size; demand that was not answered at the time is not in the record.
 */
import type { Autoscaler } from '@vamp/model/autoscaler'
import type { ScalingReplay } from '@vamp/model/api/scaling'
import type { ScalingPoint } from '@vamp/model/autoscaler-status'
import { mergeSketches } from '../traffic/cells.ts'
import { belongsTo } from '../traffic/place.ts'
import { resolutionFor } from '../traffic/report.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { LoadSecond } from './load.ts'
import { boundsAt } from './schedule.ts'
import { openServiceScaler, type Policy, type Sized } from './service-scaler.ts'

const POINTS_MAX = 500

export interface ReplayWindow { /** Unix seconds. */ readonly from: number; readonly to: number; readonly startUpSeconds: number }

export async function replayAutoscaler(traffic: Pick<Traffic, 'read' | 'knownSince'>, autoscaler: Autoscaler, { from: begin, to, startUpSeconds }: ReplayWindow): Promise<ScalingReplay> {
  const resolution = resolutionFor({ from: begin, to }, traffic)
  const from = Math.floor(begin / resolution) * resolution
  const { deployment, cluster, service } = autoscaler
  const points = await traffic.read({ from, to, resolution, wants: belongsTo({ deployment, cluster, ...(service === undefined ? {} : { service }) }) })
  const recorded = new Map(points.map(({ second, cells }) => [second, {
    requests: cells.reduce((sum, cell) => sum + cell.requests, 0), errors: cells.reduce((sum, cell) => sum + cell.errors, 0), latency: cells.length > 0 ? mergeSketches(cells.map(cell => cell.latency)) : [],
  }]))
  const seconds = Array.from({ length: Math.max(0, to - from) }, (_, offset): LoadSecond => {
    const slot = recorded.get(Math.floor((from + offset) / resolution) * resolution)
    return { second: from + offset, requests: (slot?.requests ?? 0) / resolution, errors: (slot?.errors ?? 0) / resolution, latency: slot?.latency ?? [] }
  })
  return { from: iso(from), to: iso(to), resolution, ...live(seconds, autoscaler, startUpSeconds) }
}

type Lived = Omit<ScalingReplay, 'from' | 'to' | 'resolution'>

/** A second at a time. */
export function live(seconds: readonly LoadSecond[], autoscaler: Policy & Pick<Autoscaler, 'minimum' | 'maximum' | 'schedules'>, startUpSeconds: number): Lived {
  const scaler = openServiceScaler(autoscaler)
  const starting: number[] = []
  const points: ScalingPoint[] = []
  let [size, spent, changes, most, over, all, known] = [autoscaler.minimum, 0, 0, autoscaler.minimum, 0, 0, false]
  const keepEvery = Math.ceil(seconds.length / POINTS_MAX)
  for (const [index, second] of seconds.entries()) {
    const nowMs = (second.second + 1) * 1000
    while (starting[0] !== undefined && starting[0] <= second.second) starting.shift()
    const ready = Math.max(0, size - starting.length)
    const sized: Sized = scaler.step({ nowMs, seconds: [second], held: 0, instances: size, ready, starting: starting.length, leaving: 0, gauge: () => undefined, bounds: boundsAt(autoscaler, nowMs), lagSeconds: 0, startUpSeconds })
    const perInstance = sized.signals.find(({ unit }) => unit === 'requests/s')?.target ?? undefined
    if (perInstance !== undefined) known = true
    all += second.requests
    if (perInstance !== undefined && second.requests > perInstance * Math.max(ready, 0)) over += second.requests
    spent += size
    if (sized.granted !== size) changes++
    for (let n = size; n < sized.granted; n++) starting.push(second.second + 1 + startUpSeconds)
    if (sized.granted < size) starting.splice(sized.granted)
    size = sized.granted
    most = Math.max(most, size)
    if (index % keepEvery === 0) points.push({ at: second.second, signal: sized.signals[0]?.value ?? null, target: sized.signals[0]?.target ?? null, wanted: sized.wanted, granted: sized.granted, ready, forecast: sized.forecast?.expected ?? null })
  }
  return { instance_hours: Number((spent / 3600).toFixed(3)), changes, instances_max: most, overloaded_share: known && all > 0 ? Number((over / all).toFixed(5)) : null, points }
}

const iso = (second: number) => new Date(second * 1000).toISOString()
