/** One server at a time in a data directory. A claim outlives `kill -9` as a file, but not as a claim: it holds as long as its process does. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import { bootId, identify, isAlive, type ProcessId } from './container/process/proc.ts'

interface Claim extends ProcessId { readonly boot: string }

/** Throws `Fault('conflict')` naming the process that has it. Returns what gives it back. */
export async function claimDirectory(directory: string): Promise<() => void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'server.json')
  const holder = readClaim(file)
  if (holder && holder.pid !== process.pid && holder.boot === bootId() && isAlive(holder))
    throw new Fault('conflict', `another server (process ${holder.pid}) uses ${directory}: stop it, or start this one with another --data`, { directory, pid: holder.pid })
  const own = identify(process.pid)
  if (own) writeFileSync(file, JSON.stringify({ ...own, boot: bootId() } satisfies Claim))
  return () => { if (readClaim(file)?.pid === process.pid) rmSync(file, { force: true }) }
}

function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim
  } catch {
    return undefined
  }
}
