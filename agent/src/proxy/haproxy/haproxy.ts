/** The proxy port on a real HAProxy: gentle first, reload if it must, and the process outlives ours. */
import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import { type Clock, every } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { openMirrors } from '../mirrors.ts'
import type { Applied, Proxy as ProxyPort } from '../proxy.ts'
import type { Samples } from '../samples.ts'
import { addressBook, systemResolve } from './addresses.ts'
import type { Resolve } from './addresses.ts'
import { openCarrier } from './carrier.ts'
import type { Carrier } from './carrier.ts'
import { serverConnections } from './connections.ts'
import { CERTIFICATE_POLL_MS } from '../certificates.ts'
import { openCertificateFiles } from './certificate-files.ts'
import { COUNTRIES_POLL_MS, openCountryFile } from './country-file.ts'
import { copyFor } from './copies.ts'
import { readConfiguration } from './files.ts'
import { handedHeader } from './frontend.ts'
import { heldRoutes } from './held-routes.ts'
import { latest } from './latest.ts'
import { openLogReader } from './log-reader.ts'
import { findBinary } from './process.ts'
import { keepSecret, keptSecret } from './secret.ts'
import { openWaitingRoom } from './waiting-room.ts'

export interface HaproxyOptions {
  /** Everything of this HAProxy lives here: configuration, sockets, state. A later process opens the same directory. */
  readonly directory: string
  /** Default: the first HAProxy in the usual places. */
  readonly binary?: string
  readonly clock: Clock
  readonly log: Logger
  /** Uniform in [0, 1); default: the system's. */
  readonly random?: () => number
  /** Default: HAProxy's own choice, one for each core. */
  readonly threads?: number
  /** For conditions on the country: what `readCountries` reads. Looked at again every minute. */
  readonly countries?: string
  /** How host names become addresses; default: the system's resolver. */
  readonly resolve?: Resolve
}

/** With the suffix that HAProxy adds while it binds, and the kernel's limit of 107 bytes. */
const DIRECTORY_BYTES_MAX = 75

/**
 * Opens the driver. A HAProxy that an earlier process left running in the directory is found and goes on serving; the first
 * `apply` reconciles it. Throws `Fault('unsupported')` if there is no HAProxy on this host.
 */
export async function openHaproxy(options: HaproxyOptions): Promise<ProxyPort> {
  const { directory, clock, log, random = () => randomInt(2 ** 47) / 2 ** 47 } = options
  const binary = options.binary ?? findBinary()
  if (binary === undefined) throw new Fault('unsupported', 'haproxy is not installed', {})
  if (Buffer.byteLength(directory) > DIRECTORY_BYTES_MAX || !/^\/[A-Za-z0-9_./-]+$/.test(directory)) {
    throw new Fault('invalid', 'the directory cannot hold sockets', { directory, reason: `an absolute path of plain characters, at most ${DIRECTORY_BYTES_MAX} bytes` })
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const countries = options.countries === undefined ? undefined : await openCountryFile(options.countries, { directory, log })
  let listener: (samples: Samples, dropped: number) => void = () => {}
  const queue = latest<RoutingTable, Applied>(table => apply(table))
  const mirrors = openMirrors()
  const secret = await keptSecret(directory)
  const lines = await openLogReader({
    directory, clock, log, names: () => carrier.names, onSamples: (samples, dropped) => listener(samples, dropped),
    onCopy(logged) {
      const copy = copyFor(carrier.layout, logged, { secret, random })
      if (copy) mirrors.send(copy)
    },
  })
  const room = await openWaitingRoom({
    socket: join(directory, 'waiting.sock'), clock, handed: handedHeader(secret),
    onTurnedAway: (gateway, route, latencyMs) => lines.tell({ gateway, route, instance: '', by: 'weight', status: 503, error: true, ending: 'queue', latencyMs, bytes: 0, endedAt: clock.now(), part: 0 }),
  })
  const held = heldRoutes()
  const certificates = openCertificateFiles({ directory, log })
  const carrier: Carrier = await openCarrier({
    directory, binary, clock, log, secret, waitingSocket: join(directory, 'waiting.sock'), onWorker: () => lines.started(), onCarried: layout => room.update(held(layout)), alone: work => queue.alone(work),
    async onFilesGone() {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await keepSecret(directory, secret)
      await countries?.writeAgain()
      await certificates.writeAgain()
      await room.openAgain()
    },
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(countries ? { countries: countries.path } : {}),
  })
  const addressed = addressBook(options.resolve ?? systemResolve, log)
  const apply = async (table: RoutingTable) => {
    await certificates.prepare(table)
    return carrier.carry(await addressed(table))
  }
  const stopRenewing = every(clock, CERTIFICATE_POLL_MS, () => queue.alone(async () => {
    const commands = await certificates.renewed()
    if (commands.length === 0 || !carrier.runtime) return
    await carrier.runtime.send(commands)
    log.info('certificates renewed', { certificates: commands.length / 2 })
  }).catch((cause: unknown) => log.warn('renewed certificates could not be handed over', { cause })))
  const stopCountries = countries ? every(clock, COUNTRIES_POLL_MS, () => queue.alone(() => countries.renew(carrier.runtime)), cause => log.warn('countries could not be renewed', { cause })) : () => {}
  const end = async (work: () => Promise<void>) => {
    stopRenewing()
    stopCountries()
    await queue.alone(work)
    await room.close()
    await lines.close()
    await mirrors.close()
  }
  const detach = () => end(() => carrier.detach())
  return {
    driver: 'haproxy',
    async apply(table, signal) {
      signal?.throwIfAborted()
      return await queue.submit(table)
    },
    connections: () => serverConnections(directory, clock, carrier.runtime, carrier.layout),
    waiting: () => room.waiting(),
    onSamples(next) {
      listener = next
      lines.open()
    },
    account: lines.account,
    configuration: () => readConfiguration(directory),
    detach,
    stop(graceMs) {
      lines.release()
      return end(() => carrier.stop(graceMs))
    },
    [Symbol.asyncDispose]: detach,
  }
}
