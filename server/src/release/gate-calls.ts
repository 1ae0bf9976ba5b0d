/** Asks the receivers of webhook gates, signed, again and again until they say yes; each of them one question at a time. */
import type { Clock } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import { send } from '../event/sink-request.ts'
import { signedHeaders, webhookKey } from '../event/webhook.ts'
import type { GateAnswer, GateCall } from './gates.ts'

export interface GateCalls extends AsyncDisposable {
  /** Begins those questions whose time has come; others are left. */
  ask(release: string, calls: readonly GateCall[]): void
  answers(release: string): ReadonlyMap<number, GateAnswer>
  forget(release: string): void
}

interface Asked { times: number; nextMs: number; busy: boolean; answer?: GateAnswer }

/** After a no: a little later, then ever later. */
const [AGAIN_MS, AGAIN_MS_MAX] = [2000, 60_000]

export function openGateCalls({ clock, secret, answered }: { clock: Clock; secret: () => string | undefined; answered: (release: string) => void }): GateCalls {
  const closing = new AbortController()
  const releases = new Map<string, Map<number, Asked>>()
  const running = new Set<Promise<void>>()

  const put = async (release: string, { gate, url, body }: GateCall, asked: Asked) => {
    const text = JSON.stringify(body)
    try {
      const shared = secret()
      const key = shared === undefined ? undefined : webhookKey(shared)
      const says = await send(url, { body: text, type: 'application/json', headers: signedHeaders(key, `${release}-${gate}`, text, clock) }, closing.signal)
      asked.answer = { yes: true, says: says.slice(0, 200) }
    } catch (error) {
      if (closing.signal.aborted) return
      asked.answer = { yes: false, says: whyNot(error) }
      asked.nextMs = clock.now() + Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** Math.min(asked.times, 10))
    } finally {
      asked.busy = false
    }
    answered(release)
  }

  return {
    ask(release, calls) {
      const known = releases.get(release) ?? new Map<number, Asked>()
      if (calls.length > 0) releases.set(release, known)
      for (const call of calls) {
        const asked = known.get(call.gate) ?? { times: 0, nextMs: 0, busy: false }
        if (asked.busy || asked.answer?.yes || clock.now() < asked.nextMs || closing.signal.aborted) continue
        known.set(call.gate, asked)
        asked.busy = true
        asked.times += 1
        const work = put(release, call, asked)
        running.add(work)
        void work.finally(() => running.delete(work))
      }
    },
    answers: release => new Map([...releases.get(release) ?? []].flatMap(([gate, { answer }]) => answer ? [[gate, answer] as const] : [])),
    forget(release) { releases.delete(release) },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.allSettled(running)
    },
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof Fault)) return 'it cannot be asked'
  const { status, says } = error.facts as { status?: number; says?: string }
  return status === undefined ? 'it does not answer' : `it answered ${status}${says ? `, ${says.trim().slice(0, 100)}` : ''}`
}
