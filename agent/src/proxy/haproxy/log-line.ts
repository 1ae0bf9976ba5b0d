/**
 * The request log: the format that HAProxy writes and the parser that reads it back. No other file knows it.
 *
 *     kind pid counter frontend backend server status by header-µs total-µs bytes ending part end-µs ⏎
 *
 * `kind` is `h` or `t` (tcp: milliseconds of the connect stand for header-µs, and there is no status). `counter` counts the
 * lines of a frontend in a process, so lost lines show as gaps. `part` is the hash of the session: of the cookie or header
 * that the gateway splits by, or else of the client's port, which is the connection; a source address would put everybody
 * behind one balancer into one part.
 *
 * Where requests are mirrored two fields follow: `method ⏎ url ⏎ name: value ⏎ …` and the body, both in base64, `-` without a copy.
 *
 * Requests that a worker which is being replaced only hands on to its successor are the successor's to log.
 */
import type { Ending } from '@vamp/model/metric'
import type { Sample } from '../proxy.ts'

export const httpLog = (session: string, mirrors: boolean): string =>
  `h %pid %lc %f %b %s %ST %[var(txn.cb)] %[var(txn.tr)] %[date(0,us),sub(txn.t0)] %B %ts %[${session},xxh32(1),and(7)] %[date(0,us)]${mirrors ? ' %[var(txn.copy)] %[var(txn.body)]' : ''}`
export const TCP_LOG = 't %pid %lc %f %b %s 0 - %Tc 0 %B %ts %[src_port,xxh32(1),and(7)] %[date(0,us)]'

/** Where the numbered frontends and backends of the log lead. */
export interface LogNames {
  /** By the number in `g12`: the gateway's name. */
  readonly gateways: readonly (string | undefined)[]
  /** By the number in `b12`. */
  readonly backends: readonly (LogBackend | undefined)[]
}

export interface LogBackend {
  readonly gateway: string
  readonly route: string
  /** `nameHash` of the server's name → endpoint id. */
  readonly servers: ReadonlyMap<number, string>
}

/** FNV-1a of a server's name, 32 bit. */
export function nameHash(name: string): number {
  const bytes = new TextEncoder().encode(name)
  return hashOf(bytes, 0, bytes.length)
}

const [SPACE, NEWLINE, ZERO, DASH] = [32, 10, 48, 45]
const FIELDS = 14
/** With those of a copy. */
const FIELDS_MAX = FIELDS + 2
/** Start and end of each field of the line in hand; one line is parsed at a time. */
const starts = new Int32Array(FIELDS_MAX + 1)
/** What its digits are together, and whether it is nothing else (1), has one sign before them (0), or is no number (−1). */
const numbers = new Float64Array(FIELDS_MAX)
const plainOf = new Int8Array(FIELDS_MAX)
/** A longer piece without an end is no line of ours. */
const LINE_BYTES_MAX = 16_384

export interface LineCounter { count(process: number, frontend: number, counter: number): void }

/** A request of which there is to be a copy, as the proxy wrote it down. */
export interface LoggedCopy {
  readonly gateway: string
  readonly route: string
  /** `method ⏎ url ⏎ name: value ⏎ …` */
  readonly head: string
  readonly body?: Uint8Array
}

export interface LogParser {
  /** Adds the samples of the chunk's complete lines to `into`; keeps the rest for the next chunk. */
  push(chunk: Uint8Array, into: Sample[]): void
  /** The newest line that was read. */
  last(): string | undefined
}

/** What was read of a process's lines before, which come again. */
export interface ReadBefore {
  /** The last line; empty if there was none. */
  readonly line: Uint8Array
  /** The newest line of a frontend. */
  readonly upTo: (frontend: number) => number | undefined
}

/** One parser per connection. Lines of unknown gateways give no sample, but they count. */
export function logParser(names: () => LogNames, counter: LineCounter, onCopy: (copy: LoggedCopy) => void = () => {}, read?: ReadBefore): LogParser {
  let rest = new Uint8Array(0)
  let seeking = read
  let newest: string | undefined
  /** Is this line one of those that were read before? Where the last of them is gone, the first newer one tells. */
  const again = ({ line, upTo }: ReadBefore, bytes: Uint8Array, start: number, end: number): boolean => {
    if (Buffer.compare(line, bytes.subarray(start, end)) === 0) { seeking = undefined; return true }
    if (!split(bytes, start, end)) return true
    const before = upTo(numberAfter(3))
    if (before !== undefined && number(2) <= before) return true
    seeking = undefined
    return false
  }
  const lines = (bytes: Uint8Array, from: number, into: Sample[]): number => {
    const table = names()
    let start = from
    let [lastStart, lastEnd] = [-1, -1]
    for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (!(seeking && again(seeking, bytes, start, end)) && split(bytes, start, end)) {
        const sample = parseLine(bytes, start, table, counter)
        ;[lastStart, lastEnd] = [start, end]
        if (sample) {
          into.push(sample)
          if (copied) onCopy(copyOf(bytes, sample))
        }
      }
      start = end + 1
    }
    if (lastEnd >= 0) newest = Buffer.from(bytes.buffer, bytes.byteOffset + lastStart, lastEnd - lastStart).toString('latin1')
    return start
  }
  return {
    last: () => newest,
    push(chunk, into) {
      let from = 0
      if (rest.length > 0) {
        const end = chunk.indexOf(NEWLINE)
        const piece = chunk.subarray(0, end < 0 ? chunk.length : end + 1)
        rest = joined(rest, piece)
        if (end < 0) {
          if (rest.length > LINE_BYTES_MAX) rest = new Uint8Array(0)
          return
        }
        lines(rest, 0, into)
        from = end + 1
      }
      const done = lines(chunk, from, into)
      rest = chunk.slice(done)
    },
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** Has the line in hand a copy? */
let copied = false

function copyOf(bytes: Uint8Array, { gateway, route }: Sample): LoggedCopy {
  const text = (field: number) => Buffer.from(bytes.subarray(at(field), at(field + 1) - 1)).toString('latin1')
  const body = text(FIELDS + 1)
  return { gateway, route, head: Buffer.from(text(FIELDS), 'base64').toString('latin1'), ...(body === '-' ? {} : { body: Buffer.from(body, 'base64') }) }
}

/** Finds the fields of a line, and their numbers on the way; false where it is none of ours. */
function split(bytes: Uint8Array, start: number, end: number): boolean {
  let field = 0
  let value = 0
  let plain = 1
  starts[0] = start
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === SPACE) {
      if (field < FIELDS_MAX) { numbers[field] = value; plainOf[field] = plain }
      if (++field <= FIELDS_MAX) starts[field] = at + 1
      value = 0
      plain = 1
    } else {
      const digit = byte - ZERO
      if (digit >= 0 && digit <= 9) value = value * 10 + digit
      // A letter in front: `g12`. Anything else is no number.
      else plain = plain === 1 && at === starts[field] ? 0 : -1
    }
  }
  if (field < FIELDS_MAX) { numbers[field] = value; plainOf[field] = plain }
  copied = field === FIELDS_MAX - 1 && bytes[starts[FIELDS] ?? 0] !== DASH
  starts[field + 1] = end + 1
  return field === FIELDS - 1 || field === FIELDS_MAX - 1
}

function parseLine(bytes: Uint8Array, start: number, names: LogNames, counter: LineCounter): Sample | undefined {
  const tcp = bytes[start] === 116
  const frontend = numberAfter(3)
  counter.count(number(1), frontend, number(2))
  const backend = names.backends[numberAfter(4)]
  const chosen = backend !== undefined && bytes[at(4)] === 98
  const gateway = chosen ? backend.gateway : names.gateways[frontend]
  if (gateway === undefined) return undefined
  const headerUs = bytes[at(8)] === DASH ? -1 : number(8)
  const status = number(6)
  return {
    gateway,
    route: chosen ? backend.route : '',
    instance: chosen ? backend.servers.get(hashOf(bytes, at(5), at(6) - 1)) ?? '' : '',
    by: bytes[at(7)] === 98 ? 'condition' : bytes[at(7)] === 109 ? 'mirror' : 'weight',
    status,
    error: failed(status, bytes[at(11)] ?? 0, bytes[at(11) + 1] ?? 0),
    ending: endingOf(bytes[at(11)] ?? 0, bytes[at(11) + 1] ?? 0),
    latencyMs: tcp ? Math.max(0, headerUs) : (headerUs >= 0 ? headerUs : number(9)) / 1000,
    bytes: number(10),
    endedAt: number(13) / 1000,
    part: number(12) & 7,
  }
}

/**
 * How a request ended, by the two letters of HAProxy's manual §8.5: who ended it, and in which phase. A client that gave
 * up (`C`, `c`) is no error unless the server's answer, already under way (`D`, `L`), was one.
 */
function failed(status: number, who: number, phase: number): boolean {
  const [CLIENT, CLIENT_TIMEOUT, SERVER, SERVER_TIMEOUT, RESOURCE, INTERNAL, DATA, LAST] = [67, 99, 83, 115, 82, 73, 68, 76]
  if (who === CLIENT || who === CLIENT_TIMEOUT) return status >= 500 && (phase === DATA || phase === LAST)
  return status >= 500 || who === SERVER || who === SERVER_TIMEOUT || who === RESOURCE || who === INTERNAL
}

function endingOf(who: number, phase: number): Ending | undefined {
  const [CONNECT, QUEUE] = [67, 81]
  if (who === DASH) return undefined
  switch (String.fromCharCode(who)) {
    case 'L': return undefined
    case 'C': case 'c': return 'client'
    case 'S': return phase === CONNECT ? 'connect' : phase === QUEUE ? 'queue' : 'server'
    case 's': return phase === QUEUE ? 'queue' : 'timeout'
    case 'P': return 'refused'
    default: return 'proxy'
  }
}

const at = (field: number): number => starts[field] ?? 0

/** The number of a field; 0 for anything else (`-`, `-1`). */
const number = (field: number): number => plainOf[field] === 1 ? numbers[field] as number : 0

/** The number of `g12` or `b12`; 0 for any other name. */
const numberAfter = (field: number): number => plainOf[field] === 0 ? numbers[field] as number : 0

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash >>> 0
}
