/**
 * A visitor that never tires, as a program of its own: kept and short connections against one port, every answer written down.
 * Times are microseconds of the system's monotonic clock, which all processes share.
 *
 *     node bench/updates/load.ts PORT KEPT SHORT FILE
 *
 * On any message from its parent it ends, and leaves in FILE: for each answer [start, end, version, status] as float64. A request
 * without an answer has the status 0; a connection that was reset counts as one.
 */
import { writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'

export const FIELDS = 4
const nowUs = () => Number(process.hrtime.bigint() / 1000n)

const [port, kept, short, file = ''] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]), process.argv[5]]
const rows: number[] = []
let ending = false
let open = 0

function visit(keep: boolean): void {
  open++
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
  socket.setEncoding('latin1')
  let text = ''
  let began = 0
  let waiting = false
  const send = () => {
    began = nowUs()
    waiting = true
    socket.write(`GET /load HTTP/1.1\r\nhost: load.example\r\n${keep ? '' : 'connection: close\r\n'}\r\n`)
  }
  const again = () => {
    open--
    socket.destroy()
    if (!ending) visit(keep)
  }
  socket.once('connect', send)
  socket.on('data', (data: string) => {
    text += data
    const end = answerEnd(text)
    if (end === undefined) return
    waiting = false
    rows.push(began, nowUs(), Number(/\r\nx-v: (\d+)/i.exec(text)?.[1] ?? -1), Number(text.slice(9, 12)))
    const closes = !keep || /\r\nconnection: close/i.test(text)
    text = ''
    if (closes || ending) again()
    else send()
  })
  lost(socket, () => {
    if (waiting) rows.push(began, nowUs(), -1, 0)
    waiting = false
  }, again)
}

/** A connection that ends between two requests is no loss. */
function lost(socket: Socket, note: () => void, again: () => void): void {
  let over = false
  const end = () => {
    if (over) return
    over = true
    note()
    if (!socket.destroyed || !ending) again()
  }
  socket.once('error', end)
  socket.once('close', () => { if (!socket.destroyed) end() })
  socket.once('end', end)
}

function answerEnd(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return text.length >= head + 4 + length ? head + 4 + length : undefined
}

/** How many answers there are so far, for a parent that waits for enough of them. */
const telling = setInterval(() => process.send?.(rows.length / FIELDS), 200)
for (let count = 0; count < kept; count++) visit(true)
for (let count = 0; count < short; count++) visit(false)
process.once('message', () => {
  ending = true
  clearInterval(telling)
  const wait = setInterval(() => {
    if (open > 0) return
    clearInterval(wait)
    writeFileSync(file, Float64Array.from(rows))
    process.send?.('done')
    process.disconnect()
  }, 10)
})
