/** `vamp traffic http://127.0.0.1:9050/ --rate 100`: visitors for a first try, and only for what is one's own. */
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { gateways } from '@vamp/model/api/gateways'
import { ANSWER_MS_MAX, LATENCIES_KEPT, startVisitors, TIMED_OUT, type Visits } from '../demo/visitors.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { asData, formOf } from '../output.ts'
import { headersOf } from '../request-headers.ts'
import type { Session } from '../session.ts'

export interface TrafficFlags {
  readonly rate: string
  readonly seconds?: string
  readonly path: readonly string[]
  readonly method: string
  readonly header: readonly string[]
  readonly output?: string
}

const RATE_MAX = 10_000
const LOOK_MS = 250
/** Between two lines where nobody looks at them. */
const PIPED_LINE_MS = 10_000

export async function traffic(session: Session, url: string, flags: TrafficFlags): Promise<number> {
  const { io } = session
  const form = formOf(flags.output)
  const rate = positive(flags.rate, '--rate', RATE_MAX)
  const seconds = flags.seconds === undefined ? Number.POSITIVE_INFINITY : positive(flags.seconds, '--seconds', Number.MAX_SAFE_INTEGER)
  const target = URL.parse(/^\w+:\/\//.test(url) ? url : `http://${url}`)
  if (target?.protocol !== 'http:') throw new CommandFailure(EXIT.usage, `'${url}' is no address for requests; write http://127.0.0.1:9050/`)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  await demandOwn(session, host, Number(target.port || 80))
  const visitors = startVisitors({
    sendAgain: true,
    host, port: Number(target.port || 80), perSecond: rate, headers: { host: target.host, ...headersOf(flags.header) },
    pages: flags.path.length > 0 ? flags.path.map(path => [flags.method, path]) : [[flags.method, `${target.pathname}${target.search}`]],
    nameOf: ({ statusCode = 0 }) => `${Math.floor(statusCode / 100)}xx`,
  })
  const started = io.now()
  for (let told = started; !io.signal.aborted && io.now() - started < seconds * 1000;) {
    await io.sleep(LOOK_MS)
    const live = io.terminal || io.now() - told >= PIPED_LINE_MS
    if (live) { told = io.now(); io.err(`${io.terminal ? '\r\x1b[K' : ''}${line(visitors.visits)}${io.terminal ? '' : '\n'}`) }
  }
  const took = (io.now() - started) / 1000
  const visits = await visitors.stop()
  if (io.terminal) io.err('\r\x1b[K')
  io.out(form === 'json' || form === 'yaml' ? asData(summary(visits, took), form) : text(visits, took))
  return EXIT.ok
}

function positive(given: string, flag: string, most: number): number {
  const number = Number(given)
  if (!(number > 0 && number <= most)) throw new CommandFailure(EXIT.usage, `${flag} ${given} is no number above 0${most === RATE_MAX ? ` and up to ${RATE_MAX}` : ''}`)
  return number
}

/** Requests in such numbers are for this machine, or for gateways of the server that is asked. */
async function demandOwn({ client, io, options }: Session, host: string, port: number): Promise<void> {
  const addresses = await addressesOf(host)
  if (addresses.length === 0) throw new CommandFailure(EXIT.not_found, `'${host}' has no address here; ${whither(options.host)}`)
  const own = new Set(Object.values(networkInterfaces()).flatMap(each => (each ?? []).map(({ address }) => address)))
  if (addresses.every(address => own.has(address) || /^(127\.|::1$|0\.0\.0\.0$|::$)/.test(address))) return
  const servers = new Set(await addressesOf(new URL(options.host).hostname.replace(/^\[|\]$/g, '')))
  const theirs = addresses.every(address => servers.has(address)) ? await client.all(gateways.list, {}, io.signal) : []
  if (theirs.some(gateway => Number.parseInt(gateway.port, 10) === port)) return
  throw new CommandFailure(EXIT.refused, `${host}:${port} is neither on this machine nor a gateway of ${options.host}; ${whither(options.host)}`)
}

const whither = (server: string) => `traffic goes to addresses of this machine and to gateways of ${server} only`

async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address)
}

function line({ requests, failed, waiting, skipped }: Visits): string {
  return `${requests} requests, ${failed} failed, ${waiting} under way${skipped > 0 ? `, ${skipped} not sent` : ''}`
}

function summary(visits: Visits, seconds: number) {
  const { requests, failed, skipped, brokenOff, repeated, byVersion } = visits
  return {
    seconds, rate: requests / seconds, requests, failed, not_sent: skipped, by_status: Object.fromEntries(Object.entries(byVersion).map(([name, entry]) => [name, entry.requests])),
    unanswered: reasons(visits), broken_off: brokenOff, sent_again: repeated, latency_ms: percentiles(visits),
  }
}

const REASONS: Readonly<Record<string, string>> = {
  [TIMED_OUT]: 'timed_out', ECONNREFUSED: 'connection_refused', ECONNRESET: 'connection_closed', EPIPE: 'connection_closed', ETIMEDOUT: 'connecting_timed_out', EHOSTUNREACH: 'host_unreachable', ENETUNREACH: 'network_unreachable', EADDRNOTAVAIL: 'no_free_port_here', EMFILE: 'too_many_open_files_here',
}

/** Why nothing came back, each with how often; the most frequent first. */
function reasons({ unanswered }: Visits): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const [why, count] of Object.entries(unanswered)) {
    const code = why.replace(/ (fresh|kept|opened)$/, '')
    const reason = REASONS[code] ?? (code.startsWith('HPE_') ? 'no_http' : code.toLowerCase().replaceAll(/\W+/g, '_'))
    counts.set(reason, (counts.get(reason) ?? 0) + count)
  }
  return Object.fromEntries([...counts].toSorted(([, one], [, other]) => other - one))
}

function text(visits: Visits, seconds: number): string {
  const { rate, by_status: statuses, unanswered, broken_off: brokenOff, sent_again: again, latency_ms: latency } = summary(visits, seconds)
  const why = Object.entries(unanswered).map(([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}${reason === 'timed_out' ? ` after ${ANSWER_MS_MAX / 1000} s` : ''}`).join(', ')
  const answers = Object.entries(statuses).toSorted(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `${count} ${name === 'none' ? `without an answer (${why})` : `with ${name}`}`)
  if (brokenOff > 0) answers.push(`${brokenOff} of them broken off`)
  if (again > 0) answers.push(`${again} sent again because a kept connection had been closed`)
  const measured = visits.requests - (statuses['none'] ?? 0) - brokenOff
  return `${line(visits)}, in ${Math.round(seconds * 10) / 10} s: ${Math.round(rate * 10) / 10} a second\n${answers.length > 0 ? `${answers.join(', ')}\n` : ''}`
    + (latency ? `latency of the ${measured > LATENCIES_KEPT ? `newest ${LATENCIES_KEPT}` : measured} whole answers: p50 ${latency.p50} ms, p99 ${latency.p99} ms, longest ${latency.max} ms\n` : '')
}

/** Of the newest whole answers, milliseconds to two places. */
function percentiles(visits: Visits): { readonly p50: number; readonly p99: number; readonly max: number } | undefined {
  const sorted = visits.latencies()
  const at = (q: number) => Math.round((sorted[Math.floor(q * (sorted.length - 1))] ?? 0) * 100) / 100
  return sorted.length > 0 ? { p50: at(0.5), p99: at(0.99), max: at(1) } : undefined
}
