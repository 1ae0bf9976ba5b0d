/** Server-sent events over fetch: what a browser's EventSource does, with tokens, ids and an end. */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { ApiError, Unreachable } from './api-error.ts'

export interface StreamMessage<T = unknown> {
  readonly id: string | undefined
  readonly event: string
  readonly data: T
}

export interface StreamOptions {
  /** Asks for the stream from after the id on. */
  readonly open: (lastId: string | undefined, signal?: AbortSignal) => Promise<Response>
  readonly after: string | undefined
  /** True: it is over when the server ends it. */
  readonly finite: boolean
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

const FIRST_WAIT_MS = 250
const WAIT_MS_MAX = 10_000

export async function* streamMessages<T>({ open, after, finite, sleep }: StreamOptions, signal?: AbortSignal): AsyncGenerator<StreamMessage<T>, void, undefined> {
  let lastId = after
  let wait = FIRST_WAIT_MS
  let opened = false
  while (!signal?.aborted) {
    try {
      const response = await open(lastId, signal)
      opened = true
      wait = FIRST_WAIT_MS
      for await (const { id, event = 'message', data } of messagesOf(response, id => { lastId = id })) {
        if (id !== undefined) lastId = id
        if (event === 'error') throw new ApiError(200, '', (JSON.parse(data) as { message: string }).message)
        yield { id, event, data: JSON.parse(data) as T }
      }
      if (finite) return
    } catch (error) {
      if (signal?.aborted) return
      // Who was never let in is not going to be; who was, is, as soon as the server is back.
      if (error instanceof ApiError && error.status < 500) throw error
      if (!opened && error instanceof Unreachable) throw error
      if (finite) throw error
    }
    await sleep(wait, signal).catch(() => undefined)
    wait = Math.min(wait * 2, WAIT_MS_MAX)
  }
}

/** `onPlace`: an id without a message, which says after what the stream begins. */
async function* messagesOf(response: Response, onPlace: (id: string) => void): AsyncGenerator<EventSourceMessage, void, undefined> {
  const ready: EventSourceMessage[] = []
  const parser = createParser({ onEvent: message => { ready.push(message) } })
  if (!response.body) return
  let beginning: string | undefined = ''
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    if (beginning !== undefined) {
      beginning += text
      const place = PLACE.exec(beginning)?.[1]
      if (place !== undefined) onPlace(place)
      if (place !== undefined || beginning.length > BEGINNING_MAX) beginning = undefined
    }
    parser.feed(text)
    yield* ready.splice(0)
  }
}

const PLACE = /^(?::[^\n]*\n+)*id: ([^\n]*)\n\n/
/** A place comes first, after a comment. */
const BEGINNING_MAX = 200
