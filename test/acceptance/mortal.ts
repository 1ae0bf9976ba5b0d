/** A store and an event log that a server loses in the middle of a write, as it does when it is killed. */
import type { EventLog } from '@vamp/server/event/event-log'
import type { Store } from '@vamp/server/store/store'

/** One life of a server. */
export interface Life {
  dead: boolean
  /** The write with which it dies; it is done, or not. */
  writesLeft: number
  done: boolean
}

export function newLife(): Life {
  return { dead: false, writesLeft: Number.POSITIVE_INFINITY, done: false }
}

export function mortalStore(store: Store, life: Life): Store {
  return {
    get: (kind, name) => alive(life, () => store.get(kind, name)),
    list: (kind, options) => alive(life, () => store.list(kind, options)),
    put: (kind, name, value, expected) => writing(life, () => store.put(kind, name, value, expected)),
    delete: (kind, name, expected) => writing(life, () => store.delete(kind, name, expected)),
    transaction: (writes, told) => writing(life, () => store.transaction(writes, told)),
    watch: listener => store.watch(change => { if (!life.dead) listener(change) }),
    revision: () => alive(life, () => store.revision()),
    [Symbol.asyncDispose]: async () => {},
  }
}

export function mortalEvents(events: EventLog, life: Life): EventLog {
  return { ...events, append: given => writing(life, () => events.append(given)), [Symbol.asyncDispose]: async () => {} }
}

async function alive<T>(life: Life, read: () => Promise<T>): Promise<T> {
  if (life.dead) throw new Error('the server is dead')
  return await read()
}

async function writing<T>(life: Life, write: () => Promise<T>): Promise<T> {
  if (life.dead) throw new Error('the server is dead')
  if (--life.writesLeft > 0) return await write()
  life.dead = true
  if (life.done) await write()
  throw new Error('the server is dead')
}
