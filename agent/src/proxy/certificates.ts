/** Certificates of gateways: files on the agent's host, read again and again, because they are renewed without a word. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Fault } from '@vamp/model/fault'
import type { PolicySettings } from '@vamp/model/policy'

export type TlsSettings = NonNullable<PolicySettings['tls']>

/** Whoever renews a certificate need not tell anybody. */
export const CERTIFICATE_POLL_MS = 10_000

/** No chain is longer. */
const FILE_BYTES_MAX = 1024 * 1024

/** Tells the certificates of one host apart; plain characters. */
export const certificateName = ({ certificate, key }: Pick<TlsSettings, 'certificate' | 'key'>): string => createHash('sha256').update(`${certificate}\n${key ?? ''}`).digest('hex').slice(0, 24)

/** Certificate, chain and key in one text. Throws `Fault('proxy_refused')` with the gateway if they cannot be read or do not belong together. */
export async function readCertificate({ certificate, key }: TlsSettings, gateway: string): Promise<string> {
  try {
    const parts = await Promise.all([certificate, ...(key === undefined ? [] : [key])].map(readSmallFile))
    // Blank lines would end a command of HAProxy.
    const pem = parts.join('\n').split(/\r?\n/).filter(line => line.trim() !== '').join('\n')
    createSecureContext({ cert: pem, key: pem })
    return `${pem}\n`
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('proxy_refused', 'the certificate cannot be used', { gateway, reason: `the certificate ${certificate}${key === undefined ? '' : ` with the key ${key}`} cannot be used: ${why}` }, { cause })
  }
}

/** A pipe or a device might never come to its end. */
async function readSmallFile(path: string): Promise<string> {
  const file = await stat(path)
  if (!file.isFile()) throw new Error(`${path} is no file`)
  if (file.size > FILE_BYTES_MAX) throw new Error(`${path} is larger than 1 MiB`)
  return readFile(path, 'utf8')
}
