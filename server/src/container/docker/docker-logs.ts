/** Docker's log stream: frames of one of two streams, and in them lines that begin with their time. */
import type { LogLine } from '../container-driver.ts'

const HEADER_BYTES = 8
/** A line without an end is cut here. */
const LINE_LENGTH_MAX = 16 * 1024

/** `stream` was asked for with `timestamps`, of a container without a terminal. */
export async function* readLogLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<LogLine> {
  const rests = { stdout: '', stderr: '' }
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  for await (const { name, payload } of frames(stream)) {
    const lines = (rests[name] + decoders[name].decode(payload, { stream: true })).split('\n')
    rests[name] = (lines.pop() ?? '').slice(0, LINE_LENGTH_MAX)
    for (const line of lines) yield logLine(name, line)
  }
  for (const name of ['stdout', 'stderr'] as const) if (rests[name] !== '') yield logLine(name, rests[name])
}

function logLine(stream: LogLine['stream'], text: string): LogLine {
  const space = text.indexOf(' ')
  const time = Date.parse(text.slice(0, space))
  return Number.isNaN(time) ? { time: 0, stream, line: text } : { time, stream, line: text.slice(space + 1, space + 1 + LINE_LENGTH_MAX) }
}

async function* frames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly name: LogLine['stream']; readonly payload: Uint8Array }> {
  let buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    buffer = Buffer.concat([buffer, chunk])
    while (buffer.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + buffer.readUInt32BE(4)
      if (buffer.length < end) break
      yield { name: buffer[0] === 2 ? 'stderr' : 'stdout', payload: buffer.subarray(HEADER_BYTES, end) }
      buffer = buffer.subarray(end)
    }
  }
}
