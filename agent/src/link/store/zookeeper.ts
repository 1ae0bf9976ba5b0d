/**
 * ZooKeeper. A key is a node below the root, with its parents made when they are needed; a change is heard through a one-time
 * watch. The client lives as long as its session: after one that expired a new one is made with the next question.
 */
import { Fault } from '@vamp/model/fault'
import zookeeper, { type Client, type Exception } from 'node-zookeeper-client'
import type { Clock } from '../../base/clock.ts'
import type { Place } from './address.ts'
import { CHANGE_WAIT_MS, type KeyValueStore, REQUEST_MS_MAX, type Seen } from './key-value-store.ts'

const SESSION_MS = 10_000
const SPIN_MS = 500
const ANY_VERSION = -1
const ABSENT = 'absent'

type Callback<T> = (error: Error | Exception | null, result: T) => void

export function openZookeeper({ addresses, user, password, clock }: Place & { readonly clock: Clock }): KeyValueStore {
  let client: Client | undefined
  let closed = false
  /** With a user, its nodes are its own. */
  const acls = [new zookeeper.ACL(zookeeper.Permission.ALL, user === undefined ? new zookeeper.Id('world', 'anyone') : new zookeeper.Id('auth', ''))]

  function session(): Client {
    if (closed) throw new Fault('key_value_unreachable', 'closed')
    if (client) return client
    const fresh = zookeeper.createClient(addresses.join(','), { sessionTimeout: SESSION_MS, spinDelay: SPIN_MS, retries: 0 })
    const over = () => { if (client === fresh) client = undefined; fresh.close() }
    fresh.once('expired', over)
    fresh.once('authenticationFailed', over)
    if (user !== undefined) fresh.addAuthInfo('digest', Buffer.from(`${user}:${password ?? ''}`))
    fresh.connect()
    client = fresh
    return fresh
  }
  /** The client keeps what it is asked while it is not connected; nobody here waits for that for long. */
  async function ask<T>(work: (client: Client, done: Callback<T>) => void): Promise<T> {
    const asked = session()
    let cancel = () => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        cancel = clock.after(REQUEST_MS_MAX, () => reject(new Fault('key_value_unreachable', 'ZooKeeper does not answer', { addresses: addresses.join(',') })))
        work(asked, (error, result) => { if (error) reject(error); else resolve(result) })
      })
    } catch (error) {
      if (error instanceof Fault || codeOf(error) === zookeeper.Exception.NO_NODE || codeOf(error) === zookeeper.Exception.NODE_EXISTS || codeOf(error) === zookeeper.Exception.BAD_VERSION) throw error
      throw new Fault(codeOf(error) === zookeeper.Exception.NO_AUTH ? 'forbidden' : 'key_value_unreachable', 'ZooKeeper refuses', { reason: String(error) }, { cause: error })
    } finally {
      cancel()
    }
  }
  async function create(path: string, value: Buffer): Promise<boolean> {
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (parent !== '') await ask<string>((asked, done) => asked.mkdirp(parent, Buffer.alloc(0), acls, zookeeper.CreateMode.PERSISTENT, done))
    return otherwise(zookeeper.Exception.NODE_EXISTS, false, async () => {
      await ask<string>((asked, done) => asked.create(path, value, acls, zookeeper.CreateMode.PERSISTENT, done))
      return true
    })
  }

  return {
    driver: 'zookeeper',
    get: key => otherwise<Seen>(zookeeper.Exception.NO_NODE, { version: ABSENT }, async () => {
      const { value, version } = await ask<{ value: Buffer; version: string }>((asked, done) => asked.getData(`/${key}`, (error, value, stat) => done(error, { value, version: stat ? idOf(stat) : ABSENT })))
      return { value, version }
    }),
    async put(key, value, since) {
      const [path, data] = [`/${key}`, Buffer.from(value)]
      if (since?.version === ABSENT) return create(path, data)
      const version = since ? Number(since.version.split(':')[1]) : ANY_VERSION
      const set = async () => { await ask((asked, done: Callback<unknown>) => asked.setData(path, data, version, done)); return true }
      if (since) return otherwise(zookeeper.Exception.NO_NODE, false, () => otherwise(zookeeper.Exception.BAD_VERSION, false, set))
      return await otherwise(zookeeper.Exception.NO_NODE, false, set) || await create(path, data) || set()
    },
    delete: key => otherwise(zookeeper.Exception.NO_NODE, undefined, async () => { await ask((asked, done: Callback<unknown>) => asked.remove(`/${key}`, ANY_VERSION, error => done(error, undefined))) }),
    async changed(key, since, signal) {
      let changed = () => {}
      const told = new Promise<void>(resolve => { changed = resolve })
      const stat = await ask<zookeeper.Stat | null>((asked, done) => {
        // A connection that is lost tells its watches too: whoever waits looks again.
        asked.exists(`/${key}`, () => changed(), done)
      })
      if ((stat ? idOf(stat) : ABSENT) !== since.version) return
      const cancel = clock.after(CHANGE_WAIT_MS, changed)
      signal.addEventListener('abort', changed, { once: true })
      await told
      cancel()
      signal.removeEventListener('abort', changed)
    },
    async [Symbol.asyncDispose]() {
      closed = true
      client?.close()
    },
  }
}

/** A node that was removed and made again counts from 0 once more; the transaction that made it does not repeat. */
function idOf({ czxid, version }: zookeeper.Stat): string {
  return `${Buffer.from(czxid).toString('hex')}:${version}`
}

const codeOf = (error: unknown) => error instanceof zookeeper.Exception ? error.getCode() : undefined

async function otherwise<T>(code: number, instead: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === code) return instead
    throw error
  }
}
