/**
 * As much of Consul's HTTP API as its documentation promises for single keys
 * (https://developer.hashicorp.com/consul/api-docs/kv): values in base64, `?cas=`, indices, blocking queries with `?index=` and `?wait=`.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { freePort, type Program } from './programs.ts'

/** Consul's own bound of a value. */
const VALUE_BYTES_MAX = 512 * 1024

interface Pair { readonly value: Buffer; readonly created: number; readonly modified: number }

export async function startConsul(): Promise<Program> {
  const port = await freePort()
  const pairs = new Map<string, Pair>()
  const waiting = new Set<() => void>()
  let index = 1
  let server: Server
  const changed = () => { index++; for (const wake of [...waiting]) wake() }

  async function blocked(key: string, since: number, waitMs: number, request: IncomingMessage): Promise<void> {
    const ended = Date.now() + waitMs
    while ((pairs.get(key)?.modified ?? index) <= since && index <= since && Date.now() < ended && !request.destroyed)
      await new Promise<void>(resolve => { const wake = () => { waiting.delete(wake); resolve() }; waiting.add(wake); setTimeout(wake, Math.min(100, ended - Date.now())) })
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://consul')
    const key = decodeURIComponent(pathname.slice('/v1/kv/'.length))
    const body = await buffer(request)
    if (!pathname.startsWith('/v1/kv/') || key.startsWith('/')) { response.writeHead(400).end(); return }
    if (request.method === 'PUT') {
      if (body.length > VALUE_BYTES_MAX) { response.writeHead(413).end('Request body too large'); return }
      const [cas, known] = [searchParams.get('cas'), pairs.get(key)]
      const good = cas === null || Number(cas) === (known?.modified ?? 0)
      if (good) { changed(); pairs.set(key, { value: body, created: known?.created ?? index, modified: index }) }
      response.writeHead(200, { 'content-type': 'application/json' }).end(String(good))
      return
    }
    if (request.method === 'DELETE') {
      if (pairs.delete(key)) changed()
      response.writeHead(200).end('true')
      return
    }
    const since = Number(searchParams.get('index') ?? 0)
    if (since > 0) await blocked(key, since, Number.parseFloat(searchParams.get('wait') ?? '300') * 1000, request)
    const pair = pairs.get(key)
    response.writeHead(pair ? 200 : 404, { 'content-type': 'application/json', 'x-consul-index': String(pair?.modified ?? index) })
    response.end(pair ? JSON.stringify([{ LockIndex: 0, Key: key, Flags: 0, Value: pair.value.toString('base64'), CreateIndex: pair.created, ModifyIndex: pair.modified }]) : '')
  }
  const start = async () => {
    server = createServer((request, response) => { void answer(request, response).catch(() => response.destroy()) }).listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const die = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  await start()
  return { address: `consul://127.0.0.1:${port}/vamp`, die, comeBack: start, close: die }
}
