/** What HAProxy and we know and nobody else: proves that a request was handed on by one of us. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from './files.ts'

/** The secret of an earlier process in this directory, or a new one. */
export async function keptSecret(directory: string): Promise<string> {
  const path = join(directory, 'secret')
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (/^[0-9a-f]{32}$/.test(kept)) return kept
  const secret = randomBytes(16).toString('hex')
  await keepSecret(directory, secret)
  return secret
}

/** For a later process. */
export const keepSecret = (directory: string, secret: string): Promise<void> => writeAtomic(join(directory, 'secret'), secret)
