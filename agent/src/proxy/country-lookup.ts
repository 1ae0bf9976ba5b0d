/** The country of an address, for a driver that asks for it itself: the smallest network that holds it decides, as in HAProxy. */
import { stat } from 'node:fs/promises'
import { parseNetwork } from '@vamp/model/ip-network'
import { type Clock, every } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { readCountries } from './countries.ts'

export interface CountryLookup extends Disposable {
  /** Two letters; '' where nobody knows. */
  of(address: string): string
}

/** Tables of countries come out twice a week. */
const POLL_MS = 60_000

/** Reads the file again when it is another one, until it is disposed of. Throws `Fault('invalid')` if it cannot be read. */
export async function openCountryLookup(source: string, { clock, log }: { readonly clock: Clock; readonly log: Logger }): Promise<CountryLookup> {
  const changedAt = async () => (await stat(source).catch(() => undefined))?.mtimeMs ?? 0
  let seen = await changedAt()
  let find = countryFinder(await readCountries(source))
  const stop = every(clock, POLL_MS, async () => {
    const now = await changedAt()
    if (now === seen || now === 0) return
    seen = now
    try {
      find = countryFinder(await readCountries(source))
      log.info('countries renewed', { source })
    } catch (cause) {
      log.warn('the new file of countries cannot be used: the old one stays', { source, cause })
    }
  })
  return { of: address => find(address), [Symbol.dispose]: stop }
}

/** Networks by their length, so that one look for each length finds the smallest. */
export function countryFinder(entries: readonly (readonly [network: string, country: string])[]): (address: string) => string {
  const byLength = new Map<number, Map<string, string>>()
  for (const [text, country] of entries) {
    const network = parseNetwork(text)
    if (!network) continue
    const { bytes, bits } = network
    // Those of IPv6 are told from those of IPv4 by the number of their bytes.
    const length = bytes.length * 1000 + bits
    const known = byLength.get(length) ?? new Map<string, string>()
    byLength.set(length, known)
    known.set(prefix(bytes, bits), country)
  }
  const lengths = [...byLength].sort(([a], [b]) => b - a)
  return address => {
    const bytes = parseNetwork(address)?.bytes
    if (!bytes) return ''
    for (const [length, known] of lengths) {
      if (Math.floor(length / 1000) !== bytes.length) continue
      const country = known.get(prefix(bytes, length % 1000))
      if (country !== undefined) return country
    }
    return ''
  }
}

function prefix(bytes: readonly number[], bits: number): string {
  return bytes.slice(0, Math.ceil(bits / 8)).map((byte, at) => byte & (0xff << Math.max(0, 8 - (bits - at * 8)))).join('.')
}
