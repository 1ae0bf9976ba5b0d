/** Consul through its HTTP API (https://developer.hashicorp.com/consul/api-docs/kv): check-and-set on the index of a key, blocking queries to wait. */
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { firstAnswer, type Place, timed } from './address.ts'
import { CHANGE_WAIT_MS, type KeyValueStore, type Seen } from './key-value-store.ts'

interface Pair { readonly ModifyIndex: number; readonly Value: string | null }

/** Consul waits up to a sixteenth longer than it was told. */
const BLOCK_SECONDS = Math.floor(CHANGE_WAIT_MS / 1000)
const BLOCK_MS_MAX = CHANGE_WAIT_MS * 1.2

/** `version`: the index of the key, 0 where there is nothing; and behind a colon the index of the answer, with which the next question waits. */
const partsOf = ({ version }: Seen) => version.split(':') as [modified: string, index: string]

/** The user of the address is Consul's token. */
export function openConsul({ addresses, user: token, clock }: Place & { readonly clock: Clock }): KeyValueStore {
  const closed = new AbortController()
  const urlOf = (address: string, key: string, query = '') => `${address}/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}${query}`
  const send = async (url: string, signal: AbortSignal, method = 'GET', body?: Uint8Array) => {
    const response = await fetch(url, { method, signal, headers: token === undefined ? {} : { 'x-consul-token': token }, ...(body ? { body } : {}) })
    if (response.ok || (method === 'GET' && response.status === 404)) return response
    const said = (await response.text()).slice(0, 200)
    throw new Fault(response.status === 401 || response.status === 403 ? 'unauthorized' : 'key_value_unreachable', 'Consul refuses', { status: response.status, said })
  }
  const ask = <T>(signal: AbortSignal | undefined, work: (address: string, limit: AbortSignal) => Promise<T>) => firstAnswer('consul', addresses, address => timed(clock, [closed.signal, signal], limit => work(address, limit)))

  return {
    driver: 'consul',
    get: (key, signal) => ask(signal, async (address, limit) => {
      const response = await send(urlOf(address, key), limit)
      const index = response.headers.get('x-consul-index') ?? '0'
      const [pair] = response.status === 404 ? [] : await response.json() as Pair[]
      if (response.status === 404) await response.arrayBuffer()
      return { version: `${pair?.ModifyIndex ?? 0}:${index}`, ...(pair ? { value: Buffer.from(pair.Value ?? '', 'base64') } : {}) }
    }),
    put: (key, value, since) => ask(undefined, async (address, limit) => (await (await send(urlOf(address, key, since ? `?cas=${partsOf(since)[0]}` : ''), limit, 'PUT', value)).text()).trim() === 'true'),
    delete: key => ask(undefined, async (address, limit) => { await (await send(urlOf(address, key), limit, 'DELETE')).text() }),
    changed: (key, since, signal) => firstAnswer('consul', addresses, address => timed(clock, [closed.signal, signal], async limit => {
      // An index that went backwards, or none, would make the question return at once for ever.
      const index = Math.max(1, Number(partsOf(since)[1]) || 1)
      await (await send(urlOf(address, key, `?index=${index}&wait=${BLOCK_SECONDS}s`), limit)).arrayBuffer()
    }, BLOCK_MS_MAX)),
    async [Symbol.asyncDispose]() { closed.abort(new Fault('key_value_unreachable', 'closed')) },
  }
}
