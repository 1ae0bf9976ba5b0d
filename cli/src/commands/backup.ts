/** `vamp backup` and `vamp restore`: the embedded database as one file, taken while the server runs, brought back while it does not. */
import { join, resolve } from 'node:path'
import { Fault } from '@vamp/model/fault'
import { backupDatabase, restoreDatabase } from '@vamp/server/base/sql/backup'
import { claimDirectory } from '@vamp/server/claim'
import { DATABASE_FILE } from '@vamp/server/database-file'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'

interface Flags { readonly data: string }

export async function backup(io: Io, file: string, { data }: Flags): Promise<number> {
  const copy = await telling(() => backupDatabase({ file: join(data, DATABASE_FILE), to: resolve(file) }), {
    not_found: `it is read from the data directory of a server on this machine, and that was ${resolve(data)}\n  → --data or VAMP_DATA names another; a server that was started without either keeps it in .vamp of the directory it was started in`,
  })
  io.out(`${file}: ${size(copy.bytes)}, copied from ${data} and checked\n`)
  return EXIT.ok
}

export async function restore(io: Io, file: string, { data }: Flags): Promise<number> {
  const copy = await telling(async () => {
    const release = await claimDirectory(resolve(data))
    try {
      return await restoreDatabase({ from: resolve(file), file: join(resolve(data), DATABASE_FILE) })
    } finally {
      release()
    }
  })
  io.out(`${data}: ${size(copy.bytes)} restored from ${file}\n`)
  return EXIT.ok
}

async function telling<T>(work: () => Promise<T>, hints: { readonly [code in Fault['code']]?: string } = {}): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const exit = error.code === 'not_found' ? EXIT.not_found : error.code === 'conflict' ? EXIT.refused : EXIT.failed
    const { file } = error.facts
    const hint = hints[error.code]
    throw new CommandFailure(exit, `${error.message}${typeof file === 'string' ? `: ${file}` : ''}${hint === undefined ? '' : `\n  → ${hint}`}`)
  }
}

const size = (bytes: number) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
