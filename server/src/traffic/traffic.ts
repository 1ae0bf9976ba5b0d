/**
 * SEEN: the agents' windows, merged. Raw cells (with hash parts) are kept for as long as the judge may ask for them,
 * cells summed over parts for thirty days, ever coarser. A window is taken once: (agent, sequence) tells it.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Cell, Window } from '@vamp/model/metric'
import { mergeCells } from './cells.ts'
import { openSeries, type Point, type Resolution, type SeriesQuery } from './series.ts'

/** Raw cells are for the judge, who asks within seconds. */
const RAW_SECONDS = 120
/** Sequence numbers remembered per agent, for windows that come again. */
const SEQUENCES_KEPT = 4096

export interface TrafficQuery {
  readonly gateway?: string
  readonly route?: string
  readonly instance?: string
  /** Unix seconds, [from, to). */
  readonly from: number
  readonly to: number
}

export interface Traffic {
  add(window: Window): void
  /** Raw cells of one second, with hash parts; empty when the second has no requests or is too old. */
  cells(second: number): readonly Cell[]
  /** Seconds before this one are complete: every agent has delivered them. 0 before the first window. */
  completeUntil(): number
  /** Cells summed over hash parts, one list per second that has any; of the last hour. */
  series(query: TrafficQuery): readonly Point[]
  /** The same by any resolution: seconds of an hour, tens of a day, minutes of thirty days. */
  read(query: SeriesQuery): readonly Point[]
  /** The first second, Unix time, that a resolution still knows. */
  knownSince(resolution: Resolution): number
  /** Log lines that agents reported as lost, since the start. */
  readonly dropped: number
  onSecond(listener: () => void): () => void
}

/** An agent whose last window is older than this no longer holds completeness back. */
const AGENT_SILENT_SECONDS = 10

export function openTraffic({ clock }: { clock: Clock }): Traffic {
  const raw = new Map<number, Cell[]>()
  const series = openSeries()
  const agents = new Map<string, { last: number; sequences: Set<number> }>()
  const listeners = new Set<() => void>()
  const nowSecond = () => Math.floor(clock.now() / 1000)
  let dropped = 0

  const forget = (second: number) => {
    for (const key of raw.keys()) if (key < second - RAW_SECONDS) raw.delete(key); else break
  }

  return {
    get dropped() { return dropped },
    add(window) {
      const agent = agents.get(window.agent) ?? { last: 0, sequences: new Set<number>() }
      agents.set(window.agent, agent)
      if (agent.sequences.has(window.sequence)) return
      agent.sequences.add(window.sequence)
      if (agent.sequences.size > SEQUENCES_KEPT) for (const oldest of agent.sequences) { agent.sequences.delete(oldest); break }
      agent.last = Math.max(agent.last, window.second)
      dropped += window.dropped
      if (window.cells.length > 0) {
        raw.set(window.second, mergeCells([...(raw.get(window.second) ?? []), ...window.cells]))
        series.add(window.second, window.cells, nowSecond())
        forget(window.second)
      }
      for (const listener of listeners) listener()
    },
    cells: second => raw.get(second) ?? [],
    completeUntil() {
      const now = nowSecond()
      const live = [...agents.values()].filter(agent => now - agent.last <= AGENT_SILENT_SECONDS)
      return live.length ? Math.min(...live.map(agent => agent.last)) + 1 : 0
    },
    series: ({ gateway, route, instance, from, to }) => series.read({
      from: Math.floor(from), to, resolution: 1,
      wants: key => (!gateway || key.gateway === gateway) && (!route || key.route === route) && (!instance || key.instance === instance),
    }),
    read: query => series.read(query),
    knownSince: resolution => series.since(resolution, nowSecond()),
    onSecond(listener) { listeners.add(listener); return () => listeners.delete(listener) },
  }
}
