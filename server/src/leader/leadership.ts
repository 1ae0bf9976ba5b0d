/**
 * Whether this server leads. Whoever leads renews its lease long before it ends, and steps down by its own clock before
 * anybody else can have taken it; whoever follows tries to take it every second.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { openListeners } from '../base/listeners.ts'
import { type Claim, LEASE_MS, type Lease } from './lease.ts'

export type Standing = { readonly is: 'leading'; readonly fence: number } | { readonly is: 'following'; /** Where the leader is, as far as known. */ readonly leader?: string }

export interface Leadership extends AsyncDisposable {
  readonly standing: Standing
  /** Of this leadership; nothing while another server leads. */
  fence(): number | undefined
  onChange(listener: (standing: Standing) => void): () => void
}

const RENEW_MS = 2500
const TRY_MS = 1000
/** Between stepping down and the moment at which another may lead: what is under way comes to its end. */
const MARGIN_MS = 2000
/** A leader that dies is followed by another after this at the latest. */
export const TAKEOVER_MS_MAX = LEASE_MS + 2 * TRY_MS

/** Resolves after the first try. Throws what the first try threw: a database that does not answer keeps a server from starting. */
export async function openLeadership({ lease, claim, clock, log }: { lease: Lease; claim: Claim; clock: Clock; log: Logger }): Promise<Leadership> {
  const listeners = openListeners<Standing>()
  let standing: Standing = { is: 'following' }
  let closed = false
  let cancelNext = () => {}
  let cancelWatch = () => {}
  let running: Promise<void> = Promise.resolve()

  function stand(next: Standing, why: string): void {
    const changed = next.is !== standing.is
    standing = next
    if (!changed) return
    log.info(next.is === 'leading' ? 'this server leads' : 'this server follows', { why, ...(next.is === 'leading' ? { fence: next.fence } : { leader: next.leader }) })
    listeners.tell(next)
  }
  /** `since`: when the question was asked by which the lease is known to be ours. */
  function watch(since: number): void {
    cancelWatch()
    cancelWatch = clock.after(Math.max(0, LEASE_MS - MARGIN_MS - (clock.monotonic() - since)), () => stand({ is: 'following' }, 'the lease could not be renewed in time'))
  }
  async function tryOnce(): Promise<void> {
    const since = clock.monotonic()
    const now = standing
    if (now.is === 'leading') {
      if (await lease.renew(claim, now.fence)) { if (standing === now) watch(since) }
      else { cancelWatch(); stand({ is: 'following' }, 'another server has taken the lease') }
      return
    }
    const taken = await lease.take(claim)
    if (closed) return
    if (taken.is === 'held') stand({ is: 'following', leader: taken.url }, 'another server leads')
    else if (clock.monotonic() - since < LEASE_MS - MARGIN_MS) { stand({ is: 'leading', fence: taken.fence }, 'nobody held the lease'); watch(since) }
  }
  function next(): void {
    if (closed) return
    cancelNext = clock.after(standing.is === 'leading' ? RENEW_MS : TRY_MS, () => {
      running = tryOnce().catch(error => { if (!closed) log.warn('the lease cannot be asked for, trying again', { error }) }).finally(next)
    })
  }

  await tryOnce()
  next()
  return {
    get standing() { return standing },
    fence: () => standing.is === 'leading' ? standing.fence : undefined,
    onChange: listeners.add,
    async [Symbol.asyncDispose]() {
      closed = true
      cancelNext()
      cancelWatch()
      await running
      const last = standing
      standing = { is: 'following' }
      if (last.is === 'leading') await lease.release(claim, last.fence).catch(error => log.warn('the lease could not be given back; it ends by itself', { error }))
    },
  }
}
