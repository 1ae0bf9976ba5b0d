/** Certificates where HAProxy reads them: copies in the driver's directory, put in place of older ones while it runs. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { byName, changes } from '@vamp/model/changed'
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
  /** As they were written last, where they were taken away. */
  writeAgain(): Promise<void>
}

export function openCertificateFiles({ directory, log }: { readonly directory: string; readonly log: Logger }): CertificateFiles {
  /** By gateway. */
  const used = new Map<string, TlsSettings>()
  let seen: RoutingTable['gateways'] = []
  const written = new Map<string, string>()
  const pathOf = (name: string) => join(directory, 'certificates', `${name}.pem`)
  const write = async (name: string, pem: string) => {
    await mkdir(join(directory, 'certificates'), { recursive: true, mode: 0o700 })
    await writeAtomic(pathOf(name), pem)
    written.set(name, pem)
  }
  return {
    async prepare({ gateways }) {
      for (const { before, after } of changes(seen, gateways, byName)) {
        if (before) used.delete(before.name)
        if (after?.policy?.tls) used.set(after.name, after.policy.tls)
      }
      seen = gateways
      for (const [gateway, tls] of used) if (!written.has(certificateName(tls))) await write(certificateName(tls), await readCertificate(tls, gateway))
    },
    async writeAgain() { for (const [name, pem] of written) await write(name, pem) },
    async renewed() {
      const commands: Command[] = []
      for (const [name, { tls, gateway }] of new Map([...used].map(([gateway, tls]) => [certificateName(tls), { tls, gateway }]))) {
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
