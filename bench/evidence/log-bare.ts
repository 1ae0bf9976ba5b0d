/**
 * The least that a reader of the log can do: it reads the same bytes from the same kind of socket, and counts newlines.
 *
 *     node bench/evidence/log-bare.ts DIRECTORY
 */
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Measured } from './log-load.ts'

const NEWLINE = 10
const [directory = ''] = process.argv.slice(2)
const buffer = Buffer.allocUnsafe(1 << 18)
let lines = 0
const socket = createConnection({
  path: join(directory, 'admin.sock'),
  onread: {
    buffer,
    callback(length) {
      for (let at = 0; at < length; at++) if (buffer[at] === NEWLINE) lines++
      return true
    },
  },
})
socket.on('error', () => socket.destroy())
socket.write('show events\n')
process.on('message', () => process.send?.({ lines, cpuMicroseconds: process.cpuUsage().user + process.cpuUsage().system } satisfies Measured))
process.once('disconnect', () => process.exit())
