/** Questions to the worker that serves, and to the master, which reaches every worker, also those that are ending: `@!4711 show info`. */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'

export const masterSocket = (directory: string): string => join(directory, 'master.sock')
export const adminSocket = (directory: string): string => join(directory, 'admin.sock')

const ANSWER_MS = 2_000
/** A master that reloads is deaf for some milliseconds, or hangs up without a word. */
const AGAIN_MS = 20
/** Without a word is also what is said of a worker that has ended. */
const SILENT_MAX = 5

export async function askMaster(directory: string, clock: Clock, command: string): Promise<string> {
  const deadline = clock.monotonic() + ANSWER_MS
  for (let silent = 0; ;) {
    try {
      const answer = await askOnce(directory, clock, command)
      if (answer !== '' || ++silent > SILENT_MAX) return answer
    } catch (cause) {
      const refused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
      if (!refused || clock.monotonic() > deadline) throw new Fault('proxy_unreachable', 'the haproxy master does not answer', {}, { cause })
    }
    await clock.sleep(AGAIN_MS)
  }
}

function askOnce(directory: string, clock: Clock, command: string): Promise<string> {
  return ask({ socket: masterSocket(directory), clock, command, isWhole: text => text.endsWith(END) })
}

/** An empty line ends an answer. While a worker of before lives, the master says all of it and leaves the connection open. */
const END = '\n\n'

/** Asks the worker that serves, which ends the connection after the last of the commands. */
export function askWorker(directory: string, clock: Clock, commands: string): Promise<string> {
  return ask({ socket: adminSocket(directory), clock, command: commands, isWhole: () => false })
}

interface Question { readonly socket: string; readonly clock: Clock; readonly command: string; readonly isWhole: (text: string) => boolean }

function ask({ socket: path, clock, command, isWhole }: Question): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    let text = ''
    socket.setEncoding('latin1')
    const cancel = clock.after(ANSWER_MS, () => socket.destroy(new Error('no answer')))
    socket.on('close', cancel)
    socket.on('data', (data: string) => {
      text += data
      if (isWhole(text)) { socket.destroy(); resolve(text) }
    })
    socket.on('error', reject)
    socket.on('end', () => { socket.destroy(); resolve(text) })
    // It goes on waiting for commands, and sends no end, until we have said that there are no more.
    socket.end(`${command}\n`)
  })
}

/** The process ids of workers that were replaced and have not ended. Throws where nobody can tell. */
export async function oldWorkers(directory: string, clock: Clock): Promise<number[]> {
  const shown = await askMaster(directory, clock, 'show proc')
  // Whoever hangs up in the middle, as a master that begins anew does, has not said that there are none.
  if (!shown.endsWith(END)) throw new Fault('proxy_unreachable', 'the haproxy master broke off', {})
  const start = shown.indexOf('# old workers')
  return start < 0 ? [] : shown.slice(start).split('\n').flatMap(line => { const pid = /^(\d+)\s+worker/.exec(line)?.[1]; return pid === undefined ? [] : [Number(pid)] })
}
