/** Long series as plain numbers, one per step, without gaps: what forecasts are made of. */
import type { Cell } from '@vamp/model/metric'
import { belongsTo, type TrafficPlace } from './place.ts'
import type { Resolution } from './series.ts'
import type { Traffic } from './traffic.ts'

export interface StepsQuery {
  readonly place: TrafficPlace
  /** Unix seconds, [from, to), and seconds of each step; `from` is moved back to a whole multiple of the step. */
  readonly from: number
  readonly to: number
  readonly step: number
}

export interface Steps {
  /** Unix seconds at which the first number begins. */
  readonly from: number
  readonly step: number
  readonly values: readonly number[]
}

/**
 * One number for each step: `of` is given the cells of the step, none where nothing came. A step of less than a minute is known
 * for a day, of less than ten seconds for an hour, every other one for thirty days; before that the numbers are those of no cells.
 */
export async function stepsOf(traffic: Pick<Traffic, 'read'>, { place, from: given, to, step }: StepsQuery, of: (cells: readonly Cell[], seconds: number) => number): Promise<Steps> {
  const resolution: Resolution = step % 60 === 0 ? 60 : step % 10 === 0 ? 10 : 1
  const from = Math.floor(given / step) * step
  const points = new Map((await traffic.read({ from, to, resolution, step, wants: belongsTo(place) })).map(({ second, cells }) => [second, cells]))
  const values = Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, index) => of(points.get(from + index * step) ?? [], step))
  return { from, step, values }
}

/** Requests per second. */
export function rateOf(cells: readonly Cell[], seconds: number): number {
  return cells.reduce((sum, { requests }) => sum + requests, 0) / seconds
}
