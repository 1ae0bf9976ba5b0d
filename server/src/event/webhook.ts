/** Events to an HTTP endpoint, signed as in Standard Webhooks (https://www.standardwebhooks.com, "Verifying signatures"). */
import { createHmac } from 'node:crypto'
import type { Clock } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import type { EventQuery } from './event-log.ts'
import type { Sink } from './sink.ts'
import { send } from './sink-request.ts'

export interface Webhook {
  readonly url: string
  readonly query: EventQuery
  /** Shared with the receiver, at least 24 bytes: `whsec_` and base64. Unsigned without. */
  readonly secret?: string
}

const SECRET_BYTES_MIN = 24

/**
 * One request per delivery, `{"events": […]}`. The id of the delivery is that of its last event, and stays the same when it is
 * repeated. Throws `Fault('invalid')` when the secret or the address cannot be used.
 */
export function webhookSink({ url, query, secret }: Webhook, clock: Clock): Sink {
  const key = secret === undefined ? undefined : secretKey(secret)
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new Fault('invalid', 'the address of a webhook begins with http:// or https://', { url: url.slice(0, 200) })
  return {
    query,
    async deliver(events, signal) {
      const body = JSON.stringify({ events })
      const id = events.at(-1)?.id ?? ''
      const timestamp = String(Math.floor(clock.now() / 1000))
      const signature = key && `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
      await send(url, { body, type: 'application/json', headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, ...(signature ? { 'webhook-signature': signature } : {}) } }, signal)
    },
  }
}

function secretKey(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length < SECRET_BYTES_MIN) throw new Fault('invalid', `the secret of a webhook is 'whsec_' and at least ${SECRET_BYTES_MIN} bytes in base64`)
  return key
}
