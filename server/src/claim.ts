/** One server at a time in a data directory. A claim outlives `kill -9` as a file, but not as a claim: it holds as long as its process does. */
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Fault } from '@vamp/model/fault'
import { makeDirectory } from './base/make-directory.ts'
import { bootId, identify, isAlive, type ProcessId } from './container/process/proc.ts'

export const CLAIM_FILE = 'server.json'

interface Claim extends ProcessId { readonly boot: string }

/** Throws `Fault('conflict')` naming the process that has it, or `Fault('invalid')` if nothing can be kept there. Returns what gives it back. */
export async function claimDirectory(directory: string): Promise<() => void> {
  usable(directory, () => { makeDirectory(directory) })
  const file = join(directory, CLAIM_FILE)
  const holder = readClaim(file)
  if (holder && holder.pid !== process.pid && holder.boot === bootId() && isAlive(holder))
    throw new Fault('conflict', `another server (process ${holder.pid}) uses ${directory}: stop it, or start this one with another --data`, { directory, pid: holder.pid })
  const own = identify(process.pid)
  if (own) usable(directory, () => { writeFileSync(file, JSON.stringify({ ...own, boot: bootId() } satisfies Claim)) })
  return () => { if (readClaim(file)?.pid === process.pid) rmSync(file, { force: true }) }
}

/** As much of it as can be tried without a trace. Throws `Fault('invalid'|'disk_full')` if nothing can be kept there. */
export function demandUsable(directory: string): void {
  usable(directory, () => {
    let there = resolve(directory)
    while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
    rmdirSync(mkdtempSync(join(there, '.vamp-check-')))
  })
}

function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim
  } catch {
    return undefined
  }
}

function usable(directory: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    const reason = { EEXIST: 'there is a file in the way', ENOTDIR: 'there is a file in the way', EACCES: 'it may not be written', EROFS: 'it may only be read', EPERM: 'it may not be written', ENOENT: 'no directory can be made there' }[code] ?? (full ? 'no space is left' : String(error))
    throw new Fault(full ? 'disk_full' : 'invalid', `nothing can be kept in ${directory}: ${reason}; choose another place with --data`, { directory, code }, { cause: error })
  }
}
