/** Headers on their way through: what belongs to one connection stays there (RFC 9110 §7.6.1), and the client's address is added. */
import type { IncomingMessage } from 'node:http'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade', 'http2-settings'])

/** Flat [name, value, …], spelled as the client did, without those of `dropped`. `Expect` is answered by this proxy. */
export function requestHeaders(request: IncomingMessage, dropped: readonly string[] = []): string[] {
  const kept = endToEnd(request.rawHeaders, request.headers.connection, name => name === 'expect' || name === 'x-forwarded-for' || dropped.includes(name))
  const known = request.headers['x-forwarded-for']
  const forwarded = [...(known === undefined ? [] : [known].flat()), clientAddress(request)].join(', ')
  return [...kept, 'x-forwarded-for', forwarded]
}

/** Flat [name, value, …]. */
export function responseHeaders(raw: readonly string[]): string[] {
  return endToEnd(raw, headerOf(raw, 'connection'), () => false)
}

function endToEnd(raw: readonly string[], connection: string | undefined, dropped: (name: string) => boolean): string[] {
  const named = connection === undefined ? undefined : new Set(connection.toLowerCase().split(',').map(name => name.trim()))
  const kept: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [key, value] = [raw[at] ?? '', raw[at + 1] ?? '']
    const name = key.toLowerCase()
    // What says how long the message is cannot be taken out of it by the sender of a `Connection` header.
    if (HOP_BY_HOP.has(name) || dropped(name) || (named?.has(name) && name !== 'content-length' && name !== 'host')) continue
    kept.push(key, value)
  }
  return kept
}

function headerOf(raw: readonly string[], wanted: string): string | undefined {
  const values: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) if (raw[at]?.toLowerCase() === wanted) values.push(raw[at + 1] ?? '')
  return values.length > 0 ? values.join(',') : undefined
}

export function clientAddress(request: IncomingMessage): string {
  return plainAddress(request.socket.remoteAddress)
}

/** An IPv4 address that came over an IPv6 socket is written as what it is. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}
