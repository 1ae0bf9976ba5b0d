/**
 * The request log: the format that HAProxy writes and the parser that reads it back. No other file knows it.
 *
 *     kind·counter frontend backend server status by header-µs[:method:path] total-ms bytes ending part second ⏎
 *
 * `kind` is `h` or `t` (tcp: milliseconds of the connect stand for header-µs, and there is no status). `counter` counts the
 * lines of a frontend in a process, so lost lines show as gaps. Where nothing was answered there is no header-µs, and the total counts; what never
 * became a whole request took no time. What was asked for stands behind the header-µs of answers that are errors.
 * `part` tells the session: a hash of the cookie or header that the gateway splits by, or else the client's port, which is the
 * connection; a source address would put everybody behind one balancer into one part. `second` is the one in which the request ended.
 *
 * Where requests are mirrored two fields follow: `method ⏎ url ⏎ name: value ⏎ …` and the body, both in base64, `-` without a copy.
 *
 * Requests that a worker which is being replaced only hands on to its successor are the successor's to log.
 */
import { PATH_MAX } from '@vamp/model/failed-requests'
import { ENDINGS, type Ending } from '@vamp/model/metric'
import type { Asked } from '../proxy.ts'
import { type Place, type Samples, WAYS } from '../samples.ts'

export const httpLog = (session: string | undefined, mirrors: boolean): string =>
  `h%lc %f %b %s %ST %[var(txn.cb)] %[var(txn.tr)] %Ta %B %ts ${session === undefined ? '%cp' : `%[${session},xxh32(1),and(7)]`} %[date]${mirrors ? ' %[var(txn.copy)] %[var(txn.body)]' : ''}`
export const TCP_LOG = 't%lc %f %b %s 0 - %Tc 0 %B %ts %cp %[date]'
/** Of a path; some more than what is told of it. */
const ASKED_BYTES = 2 * PATH_MAX
/** What writes down how long it took until the answer began, whoever gave it. */
export const ANSWERED = [
  'http-after-response set-var(txn.tr) date(0,us),sub(txn.t0)',
  // The query stays out: it may hold what nobody else is to read.
  `http-after-response set-var-fmt(txn.tr) "%[var(txn.tr)]:%[capture.req.method]:%[capture.req.uri,field(1,?),bytes(0,${ASKED_BYTES})]" if { status ge 500 }`,
]

/** Where the numbered frontends and backends of the log lead. */
export interface LogNames {
  /** By the number in `g12`: the gateway, for what none of its routes took. */
  readonly gateways: readonly (Place | undefined)[]
  /** By the number in `b12`. */
  readonly backends: readonly (LogBackend | undefined)[]
}

export interface LogBackend {
  /** The route, for what no instance of it took. */
  readonly route: Place
  /** By `nameHash` of the server's name. */
  readonly servers: ReadonlyMap<number, Place>
}

/** FNV-1a of a server's name, 32 bit with a sign: no other numbers are as quick to look up. */
export function nameHash(name: string): number {
  let hash = NO_NAME
  for (const byte of new TextEncoder().encode(name)) hash = hashWith(hash, byte)
  return hash
}

const NO_NAME = 0x811c9dc5 | 0
const hashWith = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** Three bits of a number of up to 18, all of which count. What has only three stays as it is. */
const partOf = (session: number): number => (session ^ session >> 3 ^ session >> 6 ^ session >> 9 ^ session >> 12 ^ session >> 15) & 7

const [SPACE, NEWLINE, ZERO, NINE, DASH, COLON] = [32, 10, 48, 57, 45, 58]
const [HTTP, TCP, FRONTEND, BACKEND, BY_CONDITION, BY_MIRROR] = [104, 116, 103, 98, 98, 109]
/** The phase in which a request is still being read. */
const REQUEST = 82
const [WEIGHT, CONDITION, MIRROR] = [WAYS.indexOf('weight'), WAYS.indexOf('condition'), WAYS.indexOf('mirror')]
/** A longer piece without an end is no line of ours. */
const LINE_BYTES_MAX = 16_384

/** Counts the lines of one process. */
export interface LineCounter { count(frontend: number, counter: number): void }

/** A request of which there is to be a copy, as the proxy wrote it down. */
export interface LoggedCopy {
  readonly gateway: string
  readonly route: string
  /** `method ⏎ url ⏎ name: value ⏎ …` */
  readonly head: string
  readonly body?: Uint8Array
}

export interface LogParser {
  /** Adds the samples of the chunk's complete lines to `into`; keeps a copy of the rest for the next chunk. */
  push(chunk: Uint8Array, into: Samples): void
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
  const line = new Line()
  let rest = new Uint8Array(0)
  let seeking = read
  let newest: string | undefined
  /** Is the line in hand one of those that were read before? Where the last of them is gone, the first newer one tells. */
  const again = ({ line: last, upTo }: ReadBefore, start: number, end: number): boolean => {
    if (Buffer.compare(last, line.bytes.subarray(start, end)) === 0) { seeking = undefined; return true }
    const before = upTo(line.frontend)
    if (before !== undefined && line.counter <= before) return true
    seeking = undefined
    return false
  }
  /** Reads the complete lines from there on; returns where the rest begins. */
  const lines = (bytes: Uint8Array, from: number, into: Samples): number => {
    const done = Math.max(from, bytes.lastIndexOf(NEWLINE) + 1)
    const table = names()
    let [last, next] = [-1, from]
    line.bytes = bytes
    for (let start = from; start < done; start = next) {
      const ours = line.read(start)
      next = 1 + (ours ? line.end : bytes.indexOf(NEWLINE, start))
      if (!ours || (seeking && again(seeking, start, line.end))) continue
      last = start
      counter.count(line.frontend, line.counter)
      const place = line.placeIn(table)
      if (!place) continue
      line.tell(into, place)
      if (line.copy >= 0) onCopy(line.copyOf(place))
    }
    if (last >= 0) newest = latin1(bytes, last, bytes.indexOf(NEWLINE, last))
    return done
  }
  return {
    last: () => newest,
    push(chunk, into) {
      let from = 0
      if (rest.length > 0) {
        const end = chunk.indexOf(NEWLINE)
        rest = joined(rest, chunk.subarray(0, end < 0 ? chunk.length : end + 1))
        if (end < 0) {
          if (rest.length > LINE_BYTES_MAX) rest = new Uint8Array(0)
          return
        }
        lines(rest, 0, into)
        from = end + 1
      }
      rest = new Uint8Array(chunk.subarray(lines(chunk, from, into)))
    },
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const latin1 = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')

/** The line in hand: read field by field, in one pass over its bytes. There must be a newline at its end, beyond which no field goes. */
class Line {
  bytes: Uint8Array = new Uint8Array(0)
  /** Its newline. */
  end = 0
  counter = 0
  frontend = 0
  /** Where the head of a copy begins; −1 without one. */
  copy = -1
  /** Where stands what was asked for; −1 without. */
  #asked = -1
  #at = 0
  #sound = true
  #backend = -1
  #server = 0
  #status = 0
  #way = 0
  #latency = 0
  #sent = 0
  #who = 0
  #phase = 0
  #part = 0
  #second = 0

  /** False where it is none of ours. */
  read(start: number): boolean {
    const { bytes } = this
    const kind = bytes[start]
    if (kind !== HTTP && kind !== TCP) return false
    this.#at = start + 1
    this.#sound = true
    this.counter = this.#number()
    this.frontend = Math.max(0, this.#numbered(FRONTEND))
    this.#backend = this.#numbered(BACKEND)
    this.#server = this.#hash()
    this.#status = Math.max(0, this.#number())
    const way = bytes[this.#at]
    this.#way = way === BY_CONDITION ? CONDITION : way === BY_MIRROR ? MIRROR : WEIGHT
    this.#skip()
    const header = this.#header()
    const total = this.#number()
    this.#sent = Math.max(0, this.#number())
    this.#who = bytes[this.#at] as number
    this.#phase = bytes[this.#at + 1] as number
    this.#skip()
    this.#latency = kind === TCP ? Math.max(0, header) * 1000 : header >= 0 ? header : this.#phase === REQUEST ? 0 : Math.max(0, total) * 1000
    this.#part = partOf(this.#number())
    this.#second = this.#digits(this.#at)
    return this.#sound && this.#ends()
  }

  placeIn({ backends, gateways }: LogNames): Place | undefined {
    const backend = this.#backend < 0 ? undefined : backends[this.#backend]
    return backend ? backend.servers.get(this.#server) ?? backend.route : gateways[this.frontend]
  }

  tell(into: Samples, place: Place): void {
    const index = into.next()
    into.at[index] = into.indexOf(place)
    into.ways[index] = this.#way
    into.parts[index] = this.#part
    into.statuses[index] = this.#status
    const error = failed(this.#status, this.#who, this.#phase)
    into.errors[index] = error ? 1 : 0
    if (error && this.#asked >= 0) into.asked.set(index, this.#askedFor())
    into.endings[index] = this.#who === DASH ? 0 : endingOf(this.#who, this.#phase)
    into.latencies[index] = this.#latency
    into.bytes[index] = this.#sent
    into.ends[index] = this.#second * 1000
  }

  copyOf({ gateway, route }: Place): LoggedCopy {
    const between = this.bytes.indexOf(SPACE, this.copy)
    const [head, body] = [latin1(this.bytes, this.copy, between), latin1(this.bytes, between + 1, this.end)]
    return { gateway, route, head: Buffer.from(head, 'base64').toString('latin1'), ...(body === '-' ? {} : { body: Buffer.from(body, 'base64') }) }
  }

  /** A whole number; −1 for `-` and whatever else begins like that. */
  #number(): number {
    if (this.bytes[this.#at] === DASH) { this.#skip(); return -1 }
    const value = this.#digits(this.#at)
    this.#next()
    return value
  }

  /** What was asked for stands behind the number where it does. */
  #header(): number {
    this.#asked = -1
    if (this.bytes[this.#at] === DASH) { this.#skip(); return -1 }
    const value = this.#digits(this.#at)
    if (this.bytes[this.#at] === COLON) { this.#asked = this.#at + 1; this.#skip() } else this.#next()
    return value
  }

  #askedFor(): Asked {
    const text = latin1(this.bytes, this.#asked, this.bytes.indexOf(SPACE, this.#asked))
    const method = text.indexOf(':')
    return { method: text.slice(0, method), path: text.slice(method + 1) }
  }

  /** The number of `g12` or `b12`; −1 for any other name. */
  #numbered(letter: number): number {
    const start = this.#at
    if (this.bytes[start] !== letter) { this.#skip(); return -1 }
    const value = this.#digits(start + 1)
    const whole = this.#at > start + 1 && this.bytes[this.#at] === SPACE
    this.#skip()
    return whole ? value : -1
  }

  #digits(from: number): number {
    const { bytes } = this
    let [at, value] = [from, 0]
    for (let byte = bytes[at] as number; byte >= ZERO && byte <= NINE; byte = bytes[++at] as number) value = value * 10 + (byte - ZERO)
    this.#at = at
    return value
  }

  #hash(): number {
    const { bytes } = this
    let [at, hash] = [this.#at, NO_NAME]
    for (let byte = bytes[at] as number; byte !== SPACE && byte !== NEWLINE; byte = bytes[++at] as number) hash = hashWith(hash, byte)
    this.#at = at
    this.#next()
    return hash
  }

  #skip(): void {
    const { bytes } = this
    let at = this.#at
    while (bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++
    this.#at = at
    this.#next()
  }

  /** To the next field; there must be one. */
  #next(): void {
    if (this.bytes[this.#at] === SPACE) this.#at++
    else this.#sound = false
  }

  /** Is the line over, but for a copy? */
  #ends(): boolean {
    const { bytes } = this
    this.end = this.#at
    this.copy = -1
    if (bytes[this.#at] === NEWLINE) return true
    if (bytes[this.#at] !== SPACE) return false
    const between = bytes.indexOf(SPACE, this.#at + 1)
    this.end = bytes.indexOf(NEWLINE, this.#at)
    if (between < 0 || between > this.end) return false
    if (bytes[this.#at + 1] !== DASH) this.copy = this.#at + 1
    return true
  }
}

/**
 * How a request ended, by the two letters of HAProxy's manual §8.5: who ended it, and in which phase. A client that gave
 * up (`C`, `c`) is no error unless the server's answer, already under way (`D`, `L`), was one.
 */
function failed(status: number, who: number, phase: number): boolean {
  if (who === DASH) return status >= 500
  const [CLIENT, CLIENT_TIMEOUT, SERVER, SERVER_TIMEOUT, RESOURCE, INTERNAL, DATA, LAST] = [67, 99, 83, 115, 82, 73, 68, 76]
  if (who === CLIENT || who === CLIENT_TIMEOUT) return status >= 500 && (phase === DATA || phase === LAST)
  return status >= 500 || who === SERVER || who === SERVER_TIMEOUT || who === RESOURCE || who === INTERNAL
}

const ENDED = Object.fromEntries(ENDINGS.map((ending, index) => [ending, index + 1])) as Readonly<Record<Ending, number>>

/** As `Samples.endings` have it. */
function endingOf(who: number, phase: number): number {
  const [CONNECT, QUEUE] = [67, 81]
  switch (String.fromCharCode(who)) {
    case 'L': return 0
    case 'C': case 'c': return ENDED.client
    case 'S': return phase === CONNECT ? ENDED.connect : phase === QUEUE ? ENDED.queue : ENDED.server
    case 's': return phase === QUEUE ? ENDED.queue : ENDED.timeout
    case 'P': return ENDED.refused
    default: return ENDED.proxy
  }
}
