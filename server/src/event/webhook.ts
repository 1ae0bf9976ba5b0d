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
  const key = secret === undefined ? undefined : webhookKey(secret)
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new Fault('invalid', 'the address of a webhook begins with http:// or https://', { url: url.slice(0, 200) })
  return {
    query,
    async deliver(events, signal) {
      const body = JSON.stringify({ events })
      await send(url, { body, type: 'application/json', headers: signedHeaders(key, events.at(-1)?.id ?? '', body, clock) }, signal)
    },
  }
}

/** What a receiver checks a delivery by; unsigned without a key. */
export function signedHeaders(key: Buffer | undefined, id: string, body: string, clock: Clock): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(clock.now() / 1000))
  const signature = key && `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, ...(signature ? { 'webhook-signature': signature } : {}) }
}

/** Throws `Fault('invalid')` where it is too short. */
export function webhookKey(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length < SECRET_BYTES_MIN) throw new Fault('invalid', `the secret of a webhook is 'whsec_' and at least ${SECRET_BYTES_MIN} bytes in base64`)
  return key
}
