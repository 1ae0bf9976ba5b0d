/**
 * A second reader of HAProxy's log that shares no code with the first: it follows every worker that serves, and keeps the microseconds of
 * every line as they are. It may miss lines around a reload, which percentiles do not notice; counts are the visitors' to tell.
 *
 *     node bench/evidence/exact-log.ts SOCKET FRONTEND
 */
import { createConnection } from 'node:net'

const [path = '', frontend = ''] = process.argv.slice(2)
const LOOK_MS = 500
/** Of a line, between blanks. */
const [OF_FRONTEND, MICROSECONDS] = [1, 6]
const times: number[] = []
const followed = new Set<number>()

/** Asks which worker serves, and follows it if it is a new one. */
function look(): void {
  let text = ''
  const socket = createConnection(path).setEncoding('latin1')
  socket.on('error', () => socket.destroy()).on('data', chunk => { text += chunk })
  socket.on('close', () => {
    const worker = Number(/^Pid: (\d+)$/m.exec(text)?.[1] ?? 0)
    if (worker > 0 && !followed.has(worker)) follow(worker)
  })
  socket.write('show info\n')
}

function follow(worker: number): void {
  followed.add(worker)
  let text = ''
  const socket = createConnection(path).setEncoding('latin1')
  socket.on('error', () => socket.destroy()).on('close', () => followed.delete(worker))
  socket.on('data', chunk => {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const fields = line.split(' ')
      // What was asked for stands behind those of errors.
      const us = Number(fields[MICROSECONDS]?.split(':')[0])
      if (fields[OF_FRONTEND] === frontend && us > 0) times.push(us)
    }
  })
  socket.write('show events requests -w\n')
}

const looking = setInterval(look, LOOK_MS)
process.once('message', () => {
  clearInterval(looking)
  process.send?.(times.map(us => us / 1000).sort((a, b) => a - b), () => process.exit())
})
process.once('disconnect', () => process.exit())
