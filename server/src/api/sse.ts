/**
 * Server-sent events. A client that reads too slowly is not served from a growing buffer and loses nothing silently either:
 * it is disconnected, comes back with its `Last-Event-ID`, and goes on from there.
 */
import type { Clock } from '@vamp/agent/base/clock'
import { every } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import type { FastifyReply } from 'fastify'
import { FAREWELL_MS, HEARTBEAT_MS, STREAM_UNREAD_BYTES_MAX, STREAMS_MAX } from './limits.ts'

export interface Message {
  readonly id?: string
  readonly event?: string
  /** Absent where only the place in the stream is told, after which the reader may go on. */
  readonly data?: unknown
}

export interface Outlet {
  /** False from the moment on at which nobody listens any more. */
  send(message: Message): boolean
  /** Aborted when the client has gone or was too slow. */
  readonly signal: AbortSignal
}

/** Sends until it resolves or the outlet's signal is aborted. */
export type StreamSource = (outlet: Outlet) => Promise<void>

export interface Streams {
  readonly clock: Clock
  open: number
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
}

/** `onRevoked`: tells once when whoever reads may no longer. */
export async function answerStream(reply: FastifyReply, source: StreamSource, streams: Streams, onRevoked: (revoked: () => void) => () => void): Promise<void> {
  if (streams.open >= STREAMS_MAX) throw new Fault('too_large', `${STREAMS_MAX} streams are open.`)
  const gone = new AbortController()
  const end = () => gone.abort(new Fault('invalid', 'the stream has ended'))
  const { raw } = reply.hijack()
  raw.once('close', end)
  streams.closing.addEventListener('abort', end, { once: true })
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
  raw.write(': open\n\n')
  streams.open++
  const write = (text: string | Buffer) => {
    if (gone.signal.aborted) return false
    // What is left unread from before counts, so that one large message may always be sent.
    if (raw.writableLength > STREAM_UNREAD_BYTES_MAX) {
      end()
      raw.destroy()
      return false
    }
    raw.write(text)
    return true
  }
  const stopHeartbeat = every(streams.clock, HEARTBEAT_MS, () => { if (raw.writableLength === 0) write(': alive\n\n') })
  const callOff = onRevoked(() => {
    write(messageText({ event: 'error', data: { message: REVOKED } }))
    end()
    // Whoever does not read must not hold it open.
    raw.once('close', streams.clock.after(FAREWELL_MS, () => raw.destroy()))
  })
  try {
    await source({ send: message => write(messageBytes(message)), signal: gone.signal })
  } catch (error) {
    if (!gone.signal.aborted) write(messageText({ event: 'error', data: { message: error instanceof Fault ? error.message : 'Internal server error.' } }))
  } finally {
    streams.open--
    stopHeartbeat()
    callOff()
    streams.closing.removeEventListener('abort', end)
    end()
    // One that was cut off must not look whole to whoever reads it in this process.
    if (!raw.destroyed) raw.end()
  }
}

export const REVOKED = 'This token was revoked.'

/** Data is JSON, which has no line ends; ids and types of ours have none either. */
export function messageText({ id, event, data }: Message): string {
  return `${id === undefined ? '' : `id: ${oneLine(id)}\n`}${event === undefined ? '' : `event: ${oneLine(event)}\n`}${data === undefined ? '' : `data: ${JSON.stringify(data)}\n`}\n`
}

/**
 * Of this turn, by what is told: a commit tells all its readers in one, so that each event becomes text once, and what slow
 * readers leave unread is the same memory for all of them.
 */
const encoded = new Map<object, { readonly id: string | undefined; readonly event: string | undefined; readonly bytes: Buffer }>()

export function messageBytes(message: Message): Buffer {
  const { id, event, data } = message
  if (typeof data !== 'object' || data === null) return Buffer.from(messageText(message))
  const known = encoded.get(data)
  if (known && known.id === id && known.event === event) return known.bytes
  const bytes = Buffer.from(messageText(message))
  if (encoded.size === 0) setImmediate(() => encoded.clear())
  encoded.set(data, { id, event, bytes })
  return bytes
}

const oneLine = (text: string) => text.replaceAll(/[\r\n\0]/g, ' ')

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
