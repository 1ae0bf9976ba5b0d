/** The map of countries where HAProxy reads it, and a newer one put in its place while it runs. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../base/log.ts'
import { readCountries } from '../countries.ts'
import { stepCommands } from './command.ts'
import { writeAtomic } from './files.ts'
import type { Runtime } from './runtime.ts'

/** Tables of countries come out twice a week. */
export const COUNTRIES_POLL_MS = 60_000

export interface CountryFile {
  readonly path: string
  /** Looks whether the user's file is another one; a running HAProxy then gets the new entries, all at once. */
  renew(runtime: Runtime | undefined): Promise<void>
  /** Where it was taken away. */
  writeAgain(): Promise<void>
}

/** Throws `Fault('invalid')` if the user's file cannot be read. */
export async function openCountryFile(source: string, { directory, log }: { readonly directory: string; readonly log: Logger }): Promise<CountryFile> {
  const path = join(directory, 'countries.map')
  const changedAt = async () => (await stat(source).catch(() => undefined))?.mtimeMs ?? 0
  const write = async () => {
    const entries = await readCountries(source)
    await writeAtomic(path, entries.map(([network, country]) => `${network} ${country}\n`).join(''))
    return entries
  }
  let seen = await changedAt()
  const { length } = await write()
  log.info('countries read', { source, networks: length })
  return {
    path,
    async writeAgain() { await write() },
    async renew(runtime) {
      const now = await changedAt()
      if (now === seen || now === 0) return
      seen = now
      try {
        const entries = await write()
        const version = runtime && /version created: (\d+)/.exec(await runtime.ask(`prepare map ${path}`))?.[1]
        if (!runtime || version === undefined) return
        const added = stepCommands({ is: 'add-entries', map: path, entries }).map(({ text }) => ({ text: text.replace(/^add map /, `add map @${version} `) }))
        await runtime.send([...added, { text: `commit map @${version} ${path}` }])
        log.info('countries renewed', { source, networks: entries.length })
      } catch (cause) {
        log.warn('the new file of countries cannot be used: the old one stays', { source, cause })
      }
    },
  }
}
