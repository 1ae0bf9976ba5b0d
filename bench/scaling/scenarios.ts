/** Seven days in the life of a service; and three for the forecast. */
import type { Scenario, Service } from './simulator.ts'

/** An instance bears twenty requests a second. */
const SERVICE: Service = { servers: 4, serviceMs: 200, startUpSeconds: 0.6, sloMs: 800 }
const MINUTE = 60
const DAY = 86_400
const BASE = { service: SERVICE, minimum: 2, maximum: 60, warmUp: 5 * MINUTE }

/** Seconds into its second at which a step comes: neither the best nor the worst moment for whoever counts by seconds. */
const WITHIN = 0.5

export function scenarios(startUpSeconds: number): readonly Scenario[] {
  const base = { ...BASE, service: { ...SERVICE, startUpSeconds } }
  return [
    { ...base, name: 'step', seconds: 30 * MINUTE, stepAt: 10 * MINUTE + WITHIN, rate: at => at >= 10 * MINUTE + WITHIN && at < 20 * MINUTE ? 500 : 50 },
    { ...base, name: 'ramp', seconds: 40 * MINUTE, rate: at => 50 + 500 * Math.min(1, Math.max(0, (at - 8 * MINUTE) / (15 * MINUTE))) },
    { ...base, name: 'daily wave', seconds: 3 * DAY, rate: daily },
    { ...base, name: 'sawtooth', seconds: 50 * MINUTE, rate: at => 50 + 350 * (at % (7 * MINUTE)) / (7 * MINUTE) },
    { ...base, name: 'flash crowd', seconds: 45 * MINUTE, stepAt: 10 * MINUTE, rate: at => 40 + crowd(at - 10 * MINUTE) + crowd(at - 28 * MINUTE) },
    { ...base, name: 'slow leak', seconds: 90 * MINUTE, rate: () => 200, slowdown: at => 1 + 0.6 * Math.min(1, Math.max(0, (at - 10 * MINUTE) / (70 * MINUTE))) },
    { ...base, name: 'signal loss', seconds: 40 * MINUTE, rate: at => at < 15 * MINUTE ? 200 : 200 + 150 * Math.min(1, (at - 15 * MINUTE) / (4 * MINUTE)), blind: at => at >= 15 * MINUTE && at < 20 * MINUTE },
  ]
}

/** Few at night, two peaks by day. */
function daily(at: number): number {
  const hour = (at % DAY) / 3600
  const bell = (middle: number, width: number) => Math.exp(-(((hour - middle) / width) ** 2))
  return 12 + 60 * bell(11, 2.5) + 90 * bell(19.5, 2)
}

/** From eight on, within a minute, six times as many, until eight in the evening. */
function opening(at: number): number {
  const minute = (at % DAY) / MINUTE
  return 12 + 60 * Math.max(0, Math.min(1, minute - 480, 1200 - minute))
}

/** In half a minute ten times as many, for some minutes, then they leave. */
function crowd(since: number): number {
  if (since < 0) return 0
  if (since < 30) return 480 * (since / 30) ** 2
  return since < 180 ? 480 : 480 * Math.exp(-(since - 180) / 120)
}

/** Where an instance takes two minutes to start, who waits for the crowd is late. */
export const SLOW_START_SECONDS = 120

export function forecastScenarios(random: () => number): readonly Scenario[] {
  const base = { ...BASE, service: { ...SERVICE, startUpSeconds: SLOW_START_SECONDS }, warmUp: 2 * DAY, seconds: 4 * DAY }
  let level = Math.log(50)
  const walk = Array.from({ length: 5 * DAY / MINUTE + 1 }, () => { level = Math.min(Math.log(150), Math.max(Math.log(15), level + 0.02 * (random() + random() + random() - 1.5) * 2)); return Math.exp(level) })
  return [
    { ...base, name: 'daily wave, slow start', rate: daily },
    // Sure of what happens twice a day one is after some days.
    { ...base, name: 'opening hours, slow start', warmUp: 5 * DAY, seconds: 7 * DAY, rate: opening },
    { ...base, name: 'random walk, slow start', rate: at => walk[Math.floor(at / MINUTE)] ?? 50 },
  ]
}
