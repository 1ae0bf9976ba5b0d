/** The recorded course of a release, read in pieces: a release of days has hundreds of thousands of records. */
import type { Event } from '@vamp/model/event'
import type { Release } from '@vamp/model/release'
import { eventLine, releaseLine } from '../release/decision-log.ts'
import type { World } from './world.ts'

/** Events looked at in one question. */
const PIECE = 1000

/** The newest release of that name; what was recorded of an earlier one is left out. One that is under way is told up to now. */
export async function* decisionLines({ events }: Pick<World, 'events'>, release: Release): AsyncGenerator<string> {
  yield releaseLine(release)
  const tags = [`releases:${release.name}`]
  const { events: [started] } = await events.query({ tags: [...tags, 'release:started'] }, { limit: 1 })
  const { events: [ended] } = await events.query({ tags: [...tags, 'release:ended'] }, { limit: 1 })
  if (!started) return
  yield eventLine(started) ?? ''
  yield* linesBetween(events, tags, started, ended && ended.id > started.id ? ended : undefined)
}

async function* linesBetween(log: World['events'], tags: readonly string[], from: Event, until: Event | undefined): AsyncGenerator<string> {
  for (let after = from.id, atEnd = false; !atEnd && (!until || after < until.id);) {
    const piece = await log.following(after, { tags }, PIECE)
    for (const event of piece.events) if (!until || event.id <= until.id) yield eventLine(event) ?? ''
    after = piece.next
    atEnd = piece.atEnd
  }
}
