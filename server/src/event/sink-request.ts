/** One POST to a receiver of events. Redirections are not followed: the address is the one that was agreed on. */
import { Fault } from '@vamp/model/fault'

const TIMEOUT_MS = 10_000
/** Of an answer; receivers have little to say. */
const ANSWER_BYTES_MAX = 1024 * 1024

export interface SinkRequest {
  readonly body: string
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The text of the answer. Throws `Fault('sink_unreachable')` unless the status is 2xx. */
export async function send(url: string, { body, type, headers = {} }: SinkRequest, signal: AbortSignal): Promise<string> {
  const facts = { host: URL.parse(url)?.host }
  try {
    const response = await fetch(url, { method: 'POST', body, headers: { ...headers, 'content-type': type }, redirect: 'manual', signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) })
    const text = await answer(response)
    if (!response.ok) throw new Fault('sink_unreachable', `the receiver of events answered ${response.status}`, { ...facts, status: response.status, says: text.slice(0, 200) })
    return text
  } catch (error) {
    if (error instanceof Fault || signal.aborted) throw error
    throw new Fault('sink_unreachable', 'the receiver of events does not answer', facts, { cause: error })
  }
}

async function answer(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > ANSWER_BYTES_MAX) break
  }
  return text
}
