/** Questions to the master, which reaches every worker, also those that are ending: `@!4711 show info`. */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'

export const masterSocket = (directory: string): string => join(directory, 'master.sock')

const ANSWER_MS = 2_000

export function askMaster(directory: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(masterSocket(directory))
    let text = ''
    socket.setEncoding('latin1')
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')))
    socket.on('data', (data: string) => { text += data })
    socket.on('error', cause => reject(new Fault('proxy_unreachable', 'the haproxy master does not answer', {}, { cause })))
    socket.on('end', () => { socket.destroy(); resolve(text) })
    socket.write(`${command}\n`)
  })
}
