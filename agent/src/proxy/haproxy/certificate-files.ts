/** Certificates where HAProxy reads them: copies in the driver's directory, put in place of older ones while it runs. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Logger } from '../../base/log.ts'
import { certificateName, readCertificate, type TlsSettings } from '../certificates.ts'
import type { Command } from './command.ts'
import { writeAtomic } from './files.ts'

export interface CertificateFiles {
  /** Writes what the table needs. Throws `Fault('proxy_refused')` for a gateway whose certificate cannot be used. */
  prepare(table: RoutingTable): Promise<void>
  /** What tells a running HAProxy about certificates that were renewed since; their files are written. One that cannot be used stays as it was. */
  renewed(): Promise<readonly Command[]>
}

export function openCertificateFiles({ directory, log }: { readonly directory: string; readonly log: Logger }): CertificateFiles {
  const used = new Map<string, { readonly tls: TlsSettings; readonly gateway: string }>()
  const written = new Map<string, string>()
  const pathOf = (name: string) => join(directory, 'certificates', `${name}.pem`)
  const write = async (name: string, pem: string) => {
    await mkdir(join(directory, 'certificates'), { recursive: true, mode: 0o700 })
    await writeAtomic(pathOf(name), pem)
    written.set(name, pem)
  }
  return {
    async prepare({ gateways }) {
      used.clear()
      for (const { name: gateway, policy } of gateways) if (policy?.tls) {
        const name = certificateName(policy.tls)
        used.set(name, { tls: policy.tls, gateway })
        if (!written.has(name)) await write(name, await readCertificate(policy.tls, gateway))
      }
    },
    async renewed() {
      const commands: Command[] = []
      for (const [name, { tls, gateway }] of used) {
        try {
          const pem = await readCertificate(tls, gateway)
          if (written.get(name) === pem) continue
          await write(name, pem)
          commands.push({ text: `set ssl cert ${pathOf(name)} <<\n${pem}`, fine: /Transaction/ }, { text: `commit ssl cert ${pathOf(name)}`, fine: /Success/ })
        } catch (cause) {
          log.warn('a renewed certificate cannot be used: the old one stays', { gateway, cause })
        }
      }
      return commands
    },
  }
}
