/** One question about traffic, answered: the window is fitted to what is still known, then everything is a sum. */
import type { Grouping, TrafficGroup, TrafficReport } from '@vamp/model/api/traffic'
import type { Cell } from '@vamp/model/metric'
import { numbersOf } from './numbers.ts'
import { belongsTo, serviceOf, type TrafficPlace } from './place.ts'
import { type Point, type Resolution, RESOLUTIONS } from './series.ts'
import type { Traffic } from './traffic.ts'

export interface TrafficQuestion {
  readonly place: TrafficPlace
  /** Unix seconds, [from, to). */
  readonly from: number
  readonly to: number
  /** What is complete ends here; a window is not widened beyond. */
  readonly newest: number
  /** Seconds. */
  readonly step?: number
  /** Percents. */
  readonly percentiles: readonly number[]
  readonly by: readonly Grouping[]
}

/** A window of more points than this is counted more coarsely, unless finer steps are asked for. */
const FINE_POINTS_MAX = 1000

export async function trafficReport(traffic: Pick<Traffic, 'read' | 'knownSince'>, question: TrafficQuestion): Promise<TrafficReport> {
  const { place, percentiles, by } = question
  const resolution = resolutionFor(question, traffic)
  const from = Math.floor(question.from / resolution) * resolution
  const to = Math.min(question.newest, Math.ceil(question.to / resolution) * resolution)
  const step = question.step === undefined ? undefined : Math.ceil(question.step / resolution) * resolution
  const points = await traffic.read({ from, to, resolution, step: step ?? Math.max(resolution, Math.ceil((to - from) / resolution) * resolution), wants: belongsTo(place, by.length > 0 ? 'everywhere' : 'once') })
  const once = belongsTo(place)
  const own = points.map(({ second, cells }) => ({ second, cells: cells.filter(once) }))
  return {
    from: iso(from), to: iso(to), resolution, total: numbersOf(own.flatMap(point => point.cells), to - from, percentiles),
    ...(step === undefined ? {} : { step, series: series(own, { from, to, step }, percentiles) }),
    ...(by.length > 0 ? { groups: by.flatMap(grouping => groups(points.flatMap(point => point.cells), grouping, to - from, percentiles)) } : {}),
  }
}

/** The finest that knows the whole window and has not too many points; a step that is asked for may be as fine as is known. */
export function resolutionFor({ from, to, step }: Pick<TrafficQuestion, 'from' | 'to' | 'step'>, { knownSince }: Pick<Traffic, 'knownSince'>): Resolution {
  const known = RESOLUTIONS.filter(each => knownSince(each) <= from)
  const fine = known.find(each => (to - from) / each <= FINE_POINTS_MAX) ?? 60
  return step === undefined || step >= fine ? fine : known.findLast(each => each <= step) ?? known[0] ?? 60
}

function series(points: readonly Point[], { from, to, step }: { readonly from: number; readonly to: number; readonly step: number }, percentiles: readonly number[]) {
  const found = Map.groupBy(points, ({ second }) => Math.floor((second - from) / step))
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => {
    const start = from + index * step
    return { at: iso(start), ...numbersOf((found.get(index) ?? []).flatMap(point => point.cells), Math.min(step, to - start), percentiles) }
  })
}

function groups(cells: readonly Cell[], by: Grouping, seconds: number, percentiles: readonly number[]): TrafficGroup[] {
  // A copy is no visitor: it counts where it went, not for the gateway.
  const counted = by === 'gateway' ? cells.filter(cell => cell.by !== 'mirror') : cells.filter(cell => namesOf(cell, by))
  return [...Map.groupBy(counted, cell => Object.values(namesOf(cell, by) ?? {}).join('\n'))].sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([, of]) => of[0] ? [{ by, ...namesOf(of[0], by), ...numbersOf(of, seconds, percentiles) }] : [])
}

/** What a group is called; nothing for a cell that is in none. */
function namesOf(cell: Cell, by: Grouping): Pick<TrafficGroup, 'gateway' | 'route' | 'instance' | 'deployment' | 'cluster' | 'service'> | undefined {
  const { gateway, route, instance } = cell
  if (by === 'gateway') return { gateway }
  if (by === 'route') return { gateway, route }
  if (by === 'instance') return { gateway, route, instance }
  const its = serviceOf(cell)
  if (by === 'deployment') return its && { deployment: its.deployment }
  return its?.service === undefined ? undefined : its
}

const iso = (second: number) => new Date(second * 1000).toISOString()
