/**
 * What the sessions of both versions led to, from the events that applications tell. A session is named by a tag `session:ID` and
 * begins with the first event that also names its version (`services:…`); it leads to `purchase` if an event of that type names it
 * in time. Sessions that began within the same ten seconds are judged together, once the last of them has had its time.
 *
 * All of it can be read again from the events: a server that takes over a release comes to the same counts.
 */
import type { Event } from '@vamp/model/event'
import type { MaturedSessions } from '@vamp/stats/sequential/outcomes'
import type { EventLog } from '../event/event-log.ts'

export interface Followed {
  readonly release: string
  readonly deployment: string
  readonly cluster: string
  /** The old version, then the new ones. */
  readonly versions: readonly string[]
  readonly events: readonly { readonly metric: string; readonly within: number }[]
  /** Unix second: sessions that began earlier are not judged (any more). */
  readonly from: number
}

/** Per new version what became of the sessions before `until`, one entry per ten seconds and event. */
export interface Matured { readonly until: number; readonly byVersion: ReadonlyMap<string, readonly MaturedSessions[]> }

export interface SessionOutcomes {
  read(followed: Followed, nowMs: number): Promise<Matured>
  forget(release: string): void
}

const BLOCK_SECONDS = 10
/** Applications tell a little late. */
const GRACE_SECONDS = 5
/** Events looked at between two decisions; the rest is looked at before the next. */
const EVENTS_AT_ONCE = 5000
const SESSIONS_MAX = 200_000
const SESSION = 'session:'

interface Session { readonly second: number; readonly version: string; readonly reached: Set<string> }

interface Follower { after: string; readonly sessions: Map<string, Session> }

export function openSessionOutcomes(log: Pick<EventLog, 'query' | 'following'>): SessionOutcomes {
  const followers = new Map<string, Follower>()
  return {
    async read(followed, nowMs) {
      const follower = followers.get(followed.release) ?? await begin(log, followed)
      followers.set(followed.release, follower)
      const { events, next, atEnd } = await log.following(follower.after, { tags: ['session'] }, EVENTS_AT_ONCE)
      for (const event of events) take(follower.sessions, followed, event)
      follower.after = next
      const until = atEnd ? maturedUntil(followed, nowMs) : followed.from
      return { until, byVersion: new Map(followed.versions.slice(1).map(version => [version, counted(follower.sessions, followed, version, until)])) }
    },
    forget: release => { followers.delete(release) },
  }
}

/** Who was there before the first session that counts is no new session: events are read from as long before as a session lasts. */
async function begin(log: Pick<EventLog, 'query'>, { from, events }: Followed): Promise<Follower> {
  const { events: [last] } = await log.query({ time: { lt: (from - longest(events)) * 1000 } }, { limit: 1 })
  return { after: last?.id ?? '', sessions: new Map() }
}

function take(sessions: Map<string, Session>, followed: Followed, { tags, type, timestamp }: Event): void {
  const id = tags.find(tag => tag.startsWith(SESSION))
  if (id === undefined) return
  const second = Date.parse(timestamp) / 1000
  const version = versionIn(followed, tags)
  const session = sessions.get(id) ?? (version === undefined ? undefined : { second, version, reached: new Set<string>() })
  if (!session) return
  sessions.set(id, session)
  const goal = followed.events.find(({ metric }) => metric === `event:${type}`)
  if (goal && second <= session.second + goal.within) session.reached.add(goal.metric)
  for (const oldest of sessions.keys()) {
    if (sessions.size <= SESSIONS_MAX) break
    sessions.delete(oldest)
  }
}

function versionIn({ deployment, cluster, versions }: Followed, tags: readonly string[]): string | undefined {
  const elsewhere = (kind: string, name: string) => tags.some(tag => tag.startsWith(`${kind}:`)) && !tags.includes(`${kind}:${name}`)
  if (elsewhere('deployments', deployment) || elsewhere('clusters', cluster)) return undefined
  return versions.find(version => tags.includes(`services:${version}`))
}

function maturedUntil({ from, events }: Followed, nowMs: number): number {
  const until = Math.floor((nowMs / 1000 - GRACE_SECONDS - longest(events)) / BLOCK_SECONDS) * BLOCK_SECONDS
  return Math.max(from, until)
}

function counted(sessions: ReadonlyMap<string, Session>, { versions: [from = ''], events, ...followed }: Followed, version: string, until: number): MaturedSessions[] {
  const blocks = new Map<number, Session[]>()
  for (const session of until > followed.from ? sessions.values() : []) {
    if (session.second < followed.from || session.second >= until) continue
    const block = Math.floor(session.second / BLOCK_SECONDS)
    const within = blocks.get(block)
    if (within) within.push(session)
    else blocks.set(block, [session])
  }
  const ordered = [...blocks].sort(([a], [b]) => a - b).map(([, within]) => within)
  const of = (within: readonly Session[], wanted: string, metric: string) => {
    const own = within.filter(({ version }) => version === wanted)
    return { sessions: own.length, reached: own.filter(({ reached }) => reached.has(metric)).length }
  }
  return ordered.flatMap(within => events.map(({ metric }) => ({ metric, old: of(within, from, metric), fresh: of(within, version, metric) })))
}

const longest = (events: Followed['events']) => Math.max(...events.map(({ within }) => within))
