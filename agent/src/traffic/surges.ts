/**
 * Which routes are suddenly asked for more than before: seen within a quarter of a second, long before the second is over that a
 * window tells of. Only what ended is counted; what piles up shows in the requests in progress.
 */
import type { Surge } from '../link/link.ts'
import { MIRROR, type Samples } from '../proxy/samples.ts'

/** How often it is looked. */
export const SURGE_LOOK_MS = 250
/** Weight of a look in what is usual: some five seconds. */
const NEWEST = 0.05
/** Standard deviations and requests beyond what is usual that are worth a word: chance says it once in an hour. */
const CHANCE = 3
const FEW = 5
/** Of a route that nobody asks for any more. */
const FORGOTTEN = 0.001

export interface Surges {
  add(samples: Samples): void
  /** Ends a look that took so long. */
  close(ms: number): readonly Surge[]
}

export function openSurges(): Surges {
  const routes = new Map<string, { usual: number; requests: number }>()
  return {
    add({ length, at, ways, places }) {
      const counts = new Uint32Array(places.length)
      for (let index = 0; index < length; index++) if (ways[index] !== MIRROR) (counts[at[index] as number] as number)++
      for (const [index, { route }] of places.entries()) {
        const requests = counts[index] ?? 0
        const known = routes.get(route)
        if (known) known.requests += requests
        else if (requests > 0) routes.set(route, { usual: 0, requests })
      }
    },
    close(ms) {
      const surges: Surge[] = []
      for (const [route, entry] of routes) {
        const { requests, usual } = entry
        if (requests > usual + CHANCE * Math.sqrt(usual) + FEW) surges.push({ route, requests, ms })
        entry.usual += NEWEST * (requests - usual)
        entry.requests = 0
        if (entry.usual < FORGOTTEN) routes.delete(route)
      }
      return surges
    },
  }
}
