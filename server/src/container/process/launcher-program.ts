/**
 * The launcher: starts programs for the server and tells it of their ends. It ends with the server; what it has started goes on.
 * A fork copies the page tables of whoever forks, who copies each page once more when writing to it: milliseconds of a server, next to nothing of this.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { FromLauncher, ToLauncher } from './launch-messages.ts'
import { startTimeOf } from './proc.ts'

process.on('message', ({ number, launch }: ToLauncher) => start(number, launch))
process.on('disconnect', () => process.exit())

function start(number: number, { program, words, cwd, env, outputs: files }: ToLauncher['launch']): void {
  const outputs: number[] = []
  const refused = (error: unknown, ofProgram: boolean) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    tell({ number, is: 'refused', code, message: error instanceof Error ? error.message : String(error), program: ofProgram })
  }
  try {
    for (const file of files) outputs.push(openSync(file, 'a', 0o600))
    const child = spawn(program, words, { cwd, env, detached: true, stdio: ['ignore', ...outputs] })
    child.once('error', error => refused(error, true))
    const { pid } = child
    if (pid === undefined) return
    // Whatever has ended is waited for a turn later: until then it has its number and its time.
    tell({ number, is: 'started', process: { pid, startTime: startTimeOf(pid) ?? 0 } })
    child.once('exit', (code, signal) => tell({ number, is: 'ended', exit: { code, signal } }))
  } catch (error) {
    refused(error, outputs.length === files.length)
  } finally {
    for (const output of outputs) closeSync(output)
  }
}

/** Where nobody is there any more to hear it, this ends as well. */
function tell(message: FromLauncher): void {
  process.send?.(message, undefined, {}, () => {})
}
