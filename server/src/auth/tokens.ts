/**
 * API tokens: 256 random bits, of which only the SHA-256 is kept. Looking one up is looking up its hash, so nothing is
 * compared byte by byte and a stolen database opens nothing.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@vamp/agent/base/clock'
import type { NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import type { Role, Token } from '@vamp/model/token'
import type { Store } from '../store/store.ts'
import type { Identity } from './identity.ts'

const SECRET_BYTES = 32
const PREFIX = 'vamp_'
export const TOKENS_MAX = 10_000

export interface Tokens extends Disposable {
  list(): Promise<readonly Token[]>
  /** The only time that the secret is known; told in the history, with who made it. Throws `Fault('conflict')` if the name is taken. */
  issue(token: { readonly name: string; readonly role: Role; readonly namespace?: string }, by: string): Promise<{ readonly token: Token; readonly secret: string }>
  /** True if there was one. It is refused from then on. */
  revoke(name: string, by: string): Promise<boolean>
  /** Of a part of this server, not kept: it is known until the server ends. */
  lend(identity: Identity, secret: string): void
  /** Nobody for a secret that is unknown or revoked. */
  identify(secret: string): Promise<Identity | undefined>
  /** Tells, once, that nobody has this secret any more; soon if nobody has even now. Returns what calls that off. */
  onEnd(secret: string, ended: () => void): () => void
}

interface Held { readonly secret: string; readonly ended: () => void }

export function openTokens({ store, clock, namespace }: { store: Store; clock: Clock; namespace: string }): Tokens {
  /** Of every token, until one changes. */
  let byHash: Promise<ReadonlyMap<string, Token>> | undefined
  /** What is open because of a token. */
  const held = new Set<Held>()
  const lent = new Map<string, Identity>()
  const all = async () => (await store.list('tokens')).items.map(({ value }) => value)
  const index = async () => new Map((await all()).map(token => [token.hash, token]))
  const identify = async (secret: string): Promise<Identity | undefined> => {
    if (!secret.startsWith(PREFIX)) return undefined
    const own = lent.get(hashOf(secret))
    if (own) return own
    byHash ??= index()
    const known = byHash
    const token = (await known.catch(error => { if (byHash === known) byHash = undefined; throw error })).get(hashOf(secret))
    if (!token || (token.namespace !== undefined && token.namespace !== namespace)) return undefined
    return { name: token.name, role: token.role }
  }
  /** Where the database does not say, what is open ends, too: whoever may comes back. */
  const look = async (one: Held) => { if (!await identify(one.secret).catch(() => undefined) && held.delete(one)) one.ended() }
  const changed = () => {
    byHash = undefined
    for (const one of held) void look(one)
  }
  const unwatch = store.watch(({ kind }) => { if (kind === 'tokens') changed() })
  return {
    list: all,
    async issue({ name, role, namespace: only }, by) {
      if ((await store.list('tokens', { limit: 0 })).total >= TOKENS_MAX) throw new Fault('too_large', `${TOKENS_MAX} tokens are kept; revoke some`)
      const secret = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`
      const token: Token = { name, role, hash: hashOf(secret), created: new Date(clock.now()).toISOString(), ...(only === undefined ? {} : { namespace: only }) }
      try {
        await store.transaction([{ do: 'put', kind: 'tokens', name, value: token, expected: 'absent' }], [told(name, 'create', { by, after: withoutHash(token) })])
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') throw new Fault('conflict', `There is a token '${name}' already; revoke it first.`, { name })
        throw error
      }
      return { token, secret }
    },
    async revoke(name, by) {
      const known = await store.get('tokens', name)
      if (known) await store.transaction([{ do: 'delete', kind: 'tokens', name, expected: 'any' }], [told(name, 'delete', { by, before: withoutHash(known.value) })])
      changed()
      return known !== undefined
    },
    lend(identity, secret) { lent.set(hashOf(secret), identity) },
    identify,
    onEnd(secret, ended) {
      const one = { secret, ended }
      held.add(one)
      void look(one)
      return () => { held.delete(one) }
    },
    [Symbol.dispose]: unwatch,
  }
}

const told = (name: string, verb: 'create' | 'delete', value: object): NewEvent => ({ type: 'archive', tags: [`tokens:${name}`, `archive:${verb}`], value })

/** Neither the secret nor its hash is anybody's business. */
export function withoutHash({ hash: _, ...token }: Token): Omit<Token, 'hash'> {
  return token
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
