/** Small files in the data directory without which the next server would not find what this one runs: there again where somebody has taken them away. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, every } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { makeDirectory } from './base/make-directory.ts'

const LOOK_MS = 1000

/** As they are when they are first seen. What is there under a name is left alone, whatever it is. Returns what ends it. */
export function keepFiles(directory: string, names: readonly string[], { clock, log }: { readonly clock: Clock; readonly log: Logger }): () => void {
  const known = new Map<string, string>()
  let failed = false
  const look = () => {
    for (const name of names) {
      const file = join(directory, name)
      const text = known.get(name)
      if (existsSync(file)) {
        if (text === undefined) known.set(name, readFileSync(file, 'utf8'))
      } else if (text !== undefined) {
        makeDirectory(directory)
        writeFileSync(file, text)
        log.warn('a file of the data directory was taken away, and is there again', { file })
      }
    }
    failed = false
  }
  look()
  return every(clock, LOOK_MS, look, error => {
    if (!failed) log.error('files of the data directory were taken away, and cannot be written anew', { directory, error })
    failed = true
  })
}
