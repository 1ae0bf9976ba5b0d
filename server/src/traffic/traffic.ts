/**
 * SEEN: the agents' windows, merged. Raw cells (with hash parts) are kept in memory for as long as the judge may ask for them;
 * cells summed over parts go into the series, for thirty days, ever coarser.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Cell, Window } from '@vamp/model/metric'
import { busyCells, mergeCells, withoutParts } from './cells.ts'
import { openMemorySeries } from './memory/memory-series.ts'
import { isRepetition, type Mark, type Point, type Resolution, secondOf, type Series, type SeriesQuery } from './series.ts'

/** Raw cells are for the judge, who asks within seconds. */
const RAW_SECONDS = 120

export interface TrafficQuery {
  readonly gateway?: string
  readonly route?: string
  readonly instance?: string
  /** Unix seconds, [from, to). */
  readonly from: number
  readonly to: number
}

export interface Traffic {
  /** Whoever looks at the last seconds sees them at once; resolves when the series have them, and rejects if they could not take them. */
  add(window: Window): Promise<void>
  /** Raw cells of one second, with hash parts; empty when the second has no requests or is too old. */
  cells(second: number): readonly Cell[]
  /** Seconds before this one are complete: every agent has delivered them. 0 before the first window. */
  completeUntil(): number
  /** Cells summed over hash parts, one list per second that has any; of the last two minutes, from memory. */
  recent(query: TrafficQuery): readonly Point[]
  /** The same of any time and by any resolution: seconds of an hour, tens of a day, minutes of thirty days. */
  read(query: SeriesQuery): Promise<readonly Point[]>
  /** The first second, Unix time, that a resolution still knows. */
  knownSince(resolution: Resolution): number
  /** Agents that deliver nothing any more and are not waited for, by name; those silent for longer than this are left out. */
  silent(secondsMax: number): readonly string[]
  /** Log lines that agents reported as lost, since the start. */
  readonly dropped: number
  onSecond(listener: () => void): () => void
}

/** An agent whose last window is older than this no longer holds completeness back. */
const AGENT_SILENT_SECONDS = 10
/** One that is silent for so long is forgotten. */
const AGENT_GONE_SECONDS = 3600

interface SeenAgent { readonly mark: Mark; readonly last: number; readonly secondsBehind: number }

export function openTraffic({ clock, series = openMemorySeries({ clock }) }: { clock: Clock; series?: Series }): Traffic {
  const raw = new Map<number, Cell[]>()
  const agents = new Map<string, SeenAgent>()
  const listeners = new Set<() => void>()
  const nowSecond = () => Math.floor(clock.now() / 1000)
  let dropped = 0

  const forget = (second: number) => {
    for (const key of raw.keys()) if (key < second - RAW_SECONDS) raw.delete(key); else break
    for (const [name, { last }] of agents) if (last < nowSecond() - AGENT_GONE_SECONDS) agents.delete(name)
  }
  const see = (window: Window) => {
    const agent = agents.get(window.agent)
    if (isRepetition(window, agent?.mark)) return
    const { sequence, second: mark, secondsBehind = 0 } = window
    const second = secondOf(window)
    // What was told by a clock that has turned out to be off says nothing of how far it is.
    agents.set(window.agent, { mark: { sequence, second: mark }, last: Math.max(agent?.secondsBehind === secondsBehind ? agent.last : 0, second), secondsBehind })
    dropped += window.dropped
    if (window.cells.length > 0) {
      raw.set(second, mergeCells([...(raw.get(second) ?? []), ...window.cells]))
      forget(second)
    }
    for (const listener of listeners) listener()
  }

  return {
    get dropped() { return dropped },
    async add(window) {
      see(window)
      // Also what was seen before: it may have come again because the series did not take it.
      await series.add(window.busy ? { ...window, cells: [...window.cells, ...busyCells(window.busy)] } : window)
    },
    cells: second => raw.get(second) ?? [],
    completeUntil() {
      const now = nowSecond()
      const live = [...agents.values()].filter(agent => now - agent.last <= AGENT_SILENT_SECONDS)
      return live.length ? Math.min(...live.map(agent => agent.last)) + 1 : 0
    },
    silent(secondsMax) {
      const now = nowSecond()
      return [...agents].filter(([, { last }]) => now - last > AGENT_SILENT_SECONDS && now - last <= secondsMax).map(([name]) => name).sort()
    },
    recent: ({ gateway, route, instance, from, to }) => [...raw].filter(([second]) => second >= from && second < to).sort(([a], [b]) => a - b).flatMap(([second, all]) => {
      const cells = withoutParts(all.filter(key => (!gateway || key.gateway === gateway) && (!route || key.route === route) && (!instance || key.instance === instance)))
      return cells.length > 0 ? [{ second, cells }] : []
    }),
    read: query => series.read(query),
    knownSince: resolution => series.since(resolution),
    onSecond(listener) { listeners.add(listener); return () => listeners.delete(listener) },
  }
}
