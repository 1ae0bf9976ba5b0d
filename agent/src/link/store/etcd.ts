/**
 * etcd through its JSON gateway (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/). Keys, values and revisions travel as
 * texts: base64 and decimal numbers. Members are asked in turn, until one answers.
 */
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { firstAnswer, type Place, timed } from './address.ts'
import { CHANGE_WAIT_MS, type KeyValueStore, type Seen } from './key-value-store.ts'

interface RangeAnswer { readonly header?: { readonly revision?: string }; readonly kvs?: readonly { readonly value?: string; readonly mod_revision?: string }[] }

/** `version`: the revision of the last change, `0` where there is nothing; and behind a colon the store's own at that moment. */
const versionOf = (modified: string, revision: string) => `${modified}:${revision}`
const partsOf = ({ version }: Seen) => version.split(':') as [modified: string, revision: string]
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64')
/** Grants are renewed before the server forgets them: five minutes unless it was told otherwise. */
const TOKEN_REFUSED = new Set([400, 401, 403])

export function openEtcd({ addresses, user, password, clock }: Place & { readonly clock: Clock }): KeyValueStore {
  const closed = new AbortController()
  let token: string | undefined

  async function authenticate(address: string, signal: AbortSignal): Promise<void> {
    if (user === undefined) return
    const response = await fetch(`${address}/v3/auth/authenticate`, { method: 'POST', body: JSON.stringify({ name: user, password: password ?? '' }), signal })
    if (!response.ok) throw new Fault('unauthorized', 'etcd does not know this user and password', { address, status: response.status })
    token = (await response.json() as { token?: string }).token
  }
  async function post(address: string, path: string, body: object, signal: AbortSignal): Promise<Response> {
    if (token === undefined) await authenticate(address, signal)
    const send = () => fetch(`${address}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), headers: token === undefined ? {} : { authorization: token }, signal })
    const response = await send()
    if (response.ok || user === undefined || !TOKEN_REFUSED.has(response.status)) return response
    await response.body?.cancel()
    await authenticate(address, signal)
    return send()
  }
  const ask = <T>(path: string, body: object, signal?: AbortSignal) => firstAnswer('etcd', addresses, address => timed(clock, [closed.signal, signal], async limit => {
    const response = await post(address, path, body, limit)
    if (!response.ok) throw new Fault('key_value_unreachable', 'etcd refuses', { address, status: response.status, said: (await response.text()).slice(0, 200) })
    return await response.json() as T
  }))

  return {
    driver: 'etcd',
    async get(key, signal) {
      const { header, kvs } = await ask<RangeAnswer>('kv/range', { key: base64(key) }, signal)
      const found = kvs?.[0]
      return { version: versionOf(found?.mod_revision ?? '0', header?.revision ?? '0'), ...(found ? { value: Buffer.from(found.value ?? '', 'base64') } : {}) }
    },
    async put(key, value, since) {
      const request_put = { key: base64(key), value: base64(value) }
      if (!since) { await ask('kv/put', request_put); return true }
      const compare = [{ key: base64(key), target: 'MOD', result: 'EQUAL', mod_revision: partsOf(since)[0] }]
      return (await ask<{ succeeded?: boolean }>('kv/txn', { compare, success: [{ request_put }] })).succeeded === true
    },
    async delete(key) { await ask('kv/deleterange', { key: base64(key) }) },
    changed: (key, since, signal) => firstAnswer('etcd', addresses, address => timed(clock, [closed.signal, signal], async limit => {
      const start_revision = String(BigInt(partsOf(since)[1]) + 1n)
      const response = await post(address, 'watch', { create_request: { key: base64(key), start_revision } }, limit)
      if (!response.ok || !response.body) throw new Fault('key_value_unreachable', 'etcd gives no watch', { address, status: response.status })
      await firstEvent(response.body)
    }, CHANGE_WAIT_MS)),
    async [Symbol.asyncDispose]() { closed.abort(new Fault('key_value_unreachable', 'closed')) },
  }
}

/** One JSON object per line; the first one says that the watch is there. A watch that etcd gives up, because what it begins with was compacted, is a change too. */
async function firstEvent(body: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() === '') continue
      const { result, error } = JSON.parse(line) as { result?: { events?: unknown[]; canceled?: boolean }; error?: { message?: string } }
      if (error) throw new Fault('key_value_unreachable', 'etcd ends the watch', { said: error.message })
      if (result?.canceled || (result?.events?.length ?? 0) > 0) return
    }
  }
}
