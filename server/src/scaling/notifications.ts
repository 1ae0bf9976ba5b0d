/** Who asked to be told by a webhook of their own (`notify` with a `url`) is told: at least once, for as long as it is news. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Sink } from '../event/sink.ts'
import { send } from '../event/sink-request.ts'

/** What could not be delivered for so long is told to nobody any more, so that one dead receiver does not silence the others. */
const NEWS_MS = 600_000

export function notificationSink({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Sink {
  return {
    query: { type: 'notification' },
    async deliver(events, signal) {
      for (const event of events) {
        const url = (event.value as { readonly url?: unknown } | undefined)?.url
        if (typeof url !== 'string') continue
        if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '') || clock.now() - Date.parse(event.timestamp) > NEWS_MS) {
          log.warn('a notification is given up', { id: event.id, host: URL.parse(url)?.host })
          continue
        }
        await send(url, { body: JSON.stringify(event), type: 'application/json', headers: { 'webhook-id': event.id } }, signal)
      }
    },
  }
}
