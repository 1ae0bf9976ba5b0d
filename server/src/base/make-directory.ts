import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A directory for its owner alone, with all that leads to it. One level after the other: Node's own recursion never ends where the
 * kernel answers ENOENT to a new directory, as in `/proc`.
 */
export function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(directory) !== directory) makeDirectory(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}
