/** Where a key-value store is, and how it is asked: `etcd://user:password@one:2379,two:2379/vamp`. */
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { REQUEST_MS_MAX } from './key-value-store.ts'

export const STORE_SCHEMES = ['etcd', 'etcds', 'zookeeper', 'consul', 'consuls'] as const
export type StoreScheme = (typeof STORE_SCHEMES)[number]

export interface Place {
  readonly scheme: StoreScheme
  /** `host:port` for ZooKeeper, `http://host:port` for the others. */
  readonly addresses: readonly string[]
  /** What all keys begin with, without slashes around it. */
  readonly prefix: string
  readonly user?: string
  readonly password?: string
}

const PORTS: Readonly<Record<StoreScheme, number>> = { etcd: 2379, etcds: 2379, zookeeper: 2181, consul: 8500, consuls: 8501 }
const PREFIX = 'vamp'

/** Nothing where the text is no such address. */
export function storePlace(text: string): Place | undefined {
  const [, given = '', credentials, hosts = '', path = ''] = /^([a-z]+):\/\/(?:([^/@]*)@)?([^/@?#]+)(\/[^?#]*)?$/.exec(text) ?? []
  const scheme = STORE_SCHEMES.find(known => known === given)
  if (!scheme) return undefined
  const addresses = hosts.split(',').map(host => /^(\[[0-9a-f:]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(host)).map(found => found && `${found[1]}:${found[2] ?? PORTS[scheme]}`)
  const [user, password] = (credentials ?? '').split(':').map(decoded)
  const prefix = path.split('/').filter(Boolean).join('/') || PREFIX
  if (addresses.some(address => !address)) return undefined
  const transport = scheme === 'zookeeper' ? '' : scheme.endsWith('s') ? 'https://' : 'http://'
  return { scheme, prefix, addresses: addresses.map(address => `${transport}${address}`), ...(user ? { user } : {}), ...(password === undefined ? {} : { password }) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The address without what opens it. */
export function storeName(text: string): string {
  return text.replace(/^([a-z]+:\/\/)[^/@]*@/, '$1')
}

/** Asks one after the other. What is refused by one is refused by all. */
export async function firstAnswer<T>(driver: string, addresses: readonly string[], ask: (address: string) => Promise<T>): Promise<T> {
  const failures: unknown[] = []
  for (const address of addresses) {
    try {
      return await ask(address)
    } catch (error) {
      if (error instanceof Fault && error.terminal) throw error
      failures.push(error)
    }
  }
  const [cause] = failures
  if (cause instanceof Fault && failures.length === 1) throw cause
  throw new Fault('key_value_unreachable', `${driver} does not answer`, { addresses: addresses.join(', ') }, { cause })
}

/** With a bound of time. One that was long on purpose ends in silence. */
export async function timed<T>(clock: Clock, signals: readonly (AbortSignal | undefined)[], work: (signal: AbortSignal) => Promise<T>): Promise<T>
export async function timed(clock: Clock, signals: readonly (AbortSignal | undefined)[], work: (signal: AbortSignal) => Promise<void>, quietMs: number): Promise<void>
export async function timed<T>(clock: Clock, signals: readonly (AbortSignal | undefined)[], work: (signal: AbortSignal) => Promise<T>, quietMs?: number): Promise<T | undefined> {
  const late = new AbortController()
  const cancel = clock.after(quietMs ?? REQUEST_MS_MAX, () => late.abort(new Fault('timeout', 'it took too long')))
  try {
    return await work(AbortSignal.any([late.signal, ...signals.filter(signal => signal !== undefined)]))
  } catch (error) {
    if (quietMs !== undefined && late.signal.aborted) return undefined
    throw error
  } finally {
    cancel()
    // What is still open of a request that was left early.
    late.abort()
  }
}
