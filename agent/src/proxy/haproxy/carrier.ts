/**
 * Makes HAProxy carry a layout, and knows which one it carries. All of it runs alone (one writer); what is to be done is
 * decided in `layout.ts` and `plan.ts`.
 *
 * `#trusted` says that HAProxy carries `#layout` exactly. Where it is not so (we have just found it, a command was refused,
 * the connection was lost) the next table compares first, and a difference is repaired by a reload.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import { type Clock, every } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Applied } from '../proxy.ts'
import { backendCounters, countersQuestion } from './backend-counters.ts'
import { stepCommands } from './command.ts'
import { forget, openCarriedFile, readCarried, refreshSide, writeAtomic, writeSide } from './files.ts'
import type { Carried, CarriedFile, Side } from './files.ts'
import { byId, changes, withKey } from '@vamp/model/changed'
import { compact, EMPTY, finishing, layOut, restingEmpty, restless, withFinished, withoutServer, withRested } from './layout.ts'
import type { Layout } from './layout.ts'
import { requireFreePorts, withHolder } from './listeners.ts'
import type { LogNames } from './log-line.ts'
import { logNames } from './log-names.ts'
import { difference, withServersFound } from './observe.ts'
import { adminSocket } from './master-socket.ts'
import { plan, undo } from './plan.ts'
import type { Plan, Step } from './plan.ts'
import { alive, checkConfig, findMaster, isNoted, noteMaster, reload, startMaster, stopMaster, tickSocket } from './process.ts'
import type { Master } from './process.ts'
import { changedFiles, render } from './render.ts'
import type { RenderSettings } from './render.ts'
import { reloadReason } from './reload-reason.ts'
import { openRuntime } from './runtime.ts'
import type { Runtime } from './runtime.ts'

export interface CarrierOptions {
  readonly directory: string
  readonly binary: string
  readonly clock: Clock
  readonly log: Logger
  readonly threads?: number
  readonly countries?: string
  /** Proves that a request handed on is HAProxy's. */
  readonly secret: string
  readonly waitingSocket: string
  /** A worker has been started, or has taken the place of another. */
  readonly onWorker: () => void
  /** What HAProxy carries from now on. */
  readonly onCarried: (layout: Layout) => void
  /** The directory was taken away: what others keep in it is to be written anew. */
  readonly onFilesGone: () => Promise<void>
  /** Runs work that nothing else of the carrier overlaps. */
  alone<T>(work: () => Promise<T>): Promise<T>
}

/** Old generations and leaving servers are looked after this often while there are any. */
const TIDY_MS = 1_000
/** Files follow the running process this much later; a process of ours that dies in between costs the next one a reload. */
const PERSIST_MS = 100
/** Files of thousands of gateways take their time: they are written so much less often than writing them takes. */
const PERSIST_SHARE = 20
/** A HAProxy whose socket was lost either ends or answers again within this time. */
const SETTLE_MS = 2_000
const FILES_LOOK_MS = 1_000
const HARD_STOP_SECONDS = 3_600

/** Opens the carrier and finds the HAProxy of an earlier process, if there is one. */
export async function openCarrier(options: CarrierOptions): Promise<Carrier> {
  const [carried, master] = [await readCarried(options.directory), await findMaster(options.directory)]
  if (master) options.log.info('haproxy of an earlier process found', { pid: master.pid })
  return new Carrier(options, carried, master)
}

export class Carrier {
  readonly #options: CarrierOptions
  readonly #carried: CarriedFile
  #master: Master | undefined
  #runtime: Runtime | undefined
  #layout: Layout
  #side: Side
  #names: LogNames
  /** The configuration that was written last. */
  #config: string | undefined
  /** What the files say; not known of those that an earlier process left. */
  #filed: Layout | undefined
  #trusted = false
  #wanted: RoutingTable | undefined
  /** The last one that was carried. */
  #taken: RoutingTable | undefined
  #later: { readonly at: number; readonly steps: readonly Step[] }[] = []
  /** Resting slots that were without servers in the last round. */
  #rested: readonly string[] = []
  /** Slots that tidying looks after. */
  readonly #restless: Set<string>
  #ended = false
  #persistMs = PERSIST_MS
  #cancelTidy: (() => void) | undefined
  #cancelPersist: (() => void) | undefined
  readonly #stopLooking: () => void
  #restoreFailed = false
  /** Once is enough: what differs again is repaired by a reload. */
  #tookOver = false
  /** How the paths of sockets end in the configuration. Under another spelling a reload makes them anew, which else hands on those that are there. */
  #spelling: '/' | '/./' = '/'

  constructor(options: CarrierOptions, carried: Carried | undefined, master: Master | undefined) {
    this.#options = options
    this.#carried = openCarriedFile(options.directory)
    this.#master = master
    this.#layout = carried?.layout ?? EMPTY
    this.#side = carried?.side ?? 'a'
    this.#names = logNames(this.#layout, EMPTY, { gateways: [], backends: [] })
    this.#restless = new Set(this.#layout.slots.filter(restless).map(({ id }) => id))
    this.#stopLooking = every(options.clock, FILES_LOOK_MS, () => isNoted(options.directory) ? undefined : options.alone(() => this.#restore()), error => {
      if (!this.#restoreFailed) options.log.error('the files of haproxy were taken away, and cannot be written anew', { directory: options.directory, error })
      this.#restoreFailed = true
    })
  }

  get names(): LogNames { return this.#names }
  get layout(): Layout { return this.#layout }
  get runtime(): Runtime | undefined { return this.#runtime }

  async carry(table: RoutingTable): Promise<Applied> {
    this.#wanted = table
    try {
      return await this.#took(table)
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.code !== 'proxy_unreachable' || this.#ended) throw fault
      // It died under our hands, or was replaced: the next attempt looks, and starts it if need be.
      await this.#settled()
      return await this.#took(table)
    }
  }

  async #took(table: RoutingTable): Promise<Applied> {
    const applied = await this.#carry(table)
    this.#taken = table
    return applied
  }

  async #carry(table: RoutingTable): Promise<Applied> {
    const master = this.#master
    // Who answers us on a socket is alive, and we are told when it is not any more.
    const answers = this.#trusted && this.#runtime?.closed === false
    if (!master || !answers && !alive(master)) {
      if (master) this.#options.log.error('haproxy has died and is started again', { pid: master.pid })
      this.#master = undefined
      return await this.#start(table)
    }
    if (!this.#trusted) {
      const differs = await this.#stranger() ?? await this.#differs()
      const next = layOut(this.#layout, table, this.#abilities)
      if (differs !== undefined) return await this.#replace(table, next, [reloadReason.stranger(differs)], master)
      this.#trusted = true
      this.#arm()
    }
    const next = layOut(this.#layout, table, this.#abilities)
    const decided = plan(this.#layout, next, this.#maps(this.#side))
    switch (decided.is) {
      case 'reload': return await this.#replace(table, next, decided.reasons, master)
      case 'runtime': return await this.#run(decided, next, table)
      case 'nothing':
        this.#become(next)
        this.#options.onCarried(next)
        return { revision: table.revision, how: 'nothing', reasons: [], commands: 0 }
      default: return decided satisfies never
    }
  }

  /** Leaves HAProxy running, with files that say what it carries. */
  async detach(): Promise<void> {
    this.#stopLooking()
    this.#cancelTidy?.()
    this.#cancelPersist?.()
    if (this.#trusted) await this.#persist()
    this.#ended = true
    this.#runtime?.close()
  }

  async stop(graceMs: number): Promise<void> {
    this.#trusted = false
    await this.detach()
    if (this.#master) await stopMaster(this.#options, this.#master, graceMs)
    await forget(this.#options.directory)
  }

  /** Is the HAProxy that we found another one than we would have started? Asked once. */
  async #stranger(): Promise<string | undefined> {
    if (this.#config !== undefined) return undefined
    const files = render(this.#layout, this.#settings(this.#side))
    const found = await readFile(join(this.#options.directory, 'haproxy.cfg'), 'utf8').catch(() => '')
    if (found !== files.config) return 'its configuration was written for other settings'
    this.#config = found
    return undefined
  }

  /** What HAProxy does not carry of the layout. Of what an earlier process left, servers are taken as they are: commands go on from there. */
  async #differs(): Promise<string | undefined> {
    const [runtime, maps] = [await this.#connected(), this.#maps(this.#side)]
    const differs = await difference(runtime, this.#layout, maps)
    if (differs === undefined || this.#taken || this.#tookOver) return differs
    this.#tookOver = true
    const found = await withServersFound(runtime, this.#layout)
    if (await difference(runtime, found, maps) !== undefined) return differs
    this.#options.log.info('haproxy has other servers than was written down', { differs })
    this.#become(found)
    return undefined
  }

  async #start(table: RoutingTable): Promise<Applied> {
    const next = compact(layOut({ ...EMPTY, generation: this.#layout.generation }, table, this.#abilities))
    await requireFreePorts(EMPTY, next)
    await this.#write(next, this.#side)
    this.#master = await withHolder(() => startMaster(this.#options))
    return await this.#begun(next, table, 'start', [])
  }

  async #replace(table: RoutingTable, next: Layout, reasons: readonly string[], master: Master): Promise<Applied> {
    const side: Side = this.#side === 'a' ? 'b' : 'a'
    const fresh = compact(next)
    await requireFreePorts(this.#layout, fresh, master.pid)
    const before = this.#config
    await this.#write(fresh, side)
    this.#disconnect()
    try {
      await withHolder(() => reload(this.#options, master))
    } catch (fault) {
      this.#config = before
      if (before !== undefined) await writeAtomic(join(this.#options.directory, 'haproxy.cfg'), before)
      throw fault
    }
    this.#side = side
    this.#options.log.info('haproxy reloaded', { reasons })
    return await this.#begun(fresh, table, 'reload', reasons)
  }

  async #begun(next: Layout, table: RoutingTable, how: 'start' | 'reload', reasons: readonly string[]): Promise<Applied> {
    this.#later = []
    this.#options.onWorker()
    this.#become(next)
    this.#options.onCarried(next)
    const runtime = await this.#connected()
    await this.#carried.write({ version: 1, side: this.#side, layout: next })
    this.#filed = next
    // It may have died meanwhile.
    this.#trusted = !runtime.closed
    return { revision: table.revision, how, reasons, commands: 0 }
  }

  async #run(decided: Extract<Plan, { is: 'runtime' }>, next: Layout, table: RoutingTable): Promise<Applied> {
    const runtime = await this.#connected()
    const send = (steps: readonly Step[]) => runtime.send(steps.flatMap(stepCommands)).then(answers => answers.length)
    this.#trusted = false
    let commands = 0
    // HAProxy takes commands in order, so what cannot be refused goes to it in one piece with what brings it into force.
    const [first, second] = decided.sure ? [[...decided.add, ...decided.flip], []] : [decided.add, decided.flip]
    try {
      commands += await send(first)
    } catch (fault) {
      this.#layout = { ...this.#layout, generation: next.generation }
      await send(undo(first)).catch(() => {})
      throw fault
    }
    commands += await send(second)
    this.#become(next)
    commands += await send(decided.last)
    this.#options.onCarried(next)
    this.#trusted = !runtime.closed
    if (decided.later.length > 0) this.#later.push({ at: this.#options.clock.monotonic(), steps: decided.later })
    this.#arm()
    return { revision: table.revision, how: 'runtime', reasons: [], commands }
  }

  #become(next: Layout): void {
    this.#names = logNames(next, this.#layout, this.#names)
    for (const { before, after } of changes(this.#layout.slots, next.slots, byId)) {
      if (before) this.#restless.delete(before.id)
      if (after && restless(after)) this.#restless.add(after.id)
    }
    this.#layout = next
  }

  async #connected(): Promise<Runtime> {
    if (this.#runtime && !this.#runtime.closed) return this.#runtime
    const { directory, clock, alone } = this.#options
    const onLost = () => { this.#trusted = false; void alone(() => this.#heal()) }
    this.#runtime = await openRuntime({ socket: adminSocket(directory), clock, onLost })
    return this.#runtime
  }

  #disconnect(): void {
    this.#runtime?.close()
    this.#runtime = undefined
    this.#trusted = false
  }

  /** The connection is gone without our doing: HAProxy died or was replaced. What it took last is made true again. */
  async #heal(): Promise<void> {
    const { log, clock, alone } = this.#options
    const table = this.#taken ?? this.#wanted
    if (this.#ended || this.#trusted || !table) return
    log.warn('the connection to haproxy was lost', { pid: this.#master?.pid })
    try {
      await this.#settled()
      const applied = await this.carry(table)
      log.warn('haproxy is as it should be again', { how: applied.how })
    } catch (cause) {
      log.error('haproxy could not be brought back', { cause })
      clock.after(TIDY_MS, () => { void alone(() => this.#heal()) })
    }
  }

  /** HAProxy goes on without its files, but what has no name can be reached by nobody: a reload makes the sockets anew. */
  async #restore(): Promise<void> {
    const { directory, log, onFilesGone } = this.#options
    const [master, table] = [this.#master, this.#taken]
    if (this.#ended || !master || !table || !alive(master) || isNoted(directory)) return
    await onFilesGone()
    this.#spelling = this.#spelling === '/' ? '/./' : '/'
    await this.#replace(table, layOut(this.#layout, table, this.#abilities), [reloadReason.filesGone()], master)
    await noteMaster(directory, master)
    this.#restoreFailed = false
    log.warn('the files of haproxy were taken away, and are there again', { directory })
  }

  /** Waits until HAProxy answers again or has ended. */
  async #settled(): Promise<void> {
    const { clock } = this.#options
    const POLL_MS = 20
    for (const deadline = clock.monotonic() + SETTLE_MS; clock.monotonic() < deadline; await clock.sleep(POLL_MS)) {
      if (!this.#master || !alive(this.#master)) return
      if (await this.#connected().then(() => true, () => false)) return
    }
  }

  get #abilities() { return { countries: this.#options.countries !== undefined } }

  #maps(side: Side): string { return join(this.#options.directory, side) }

  #settings(side: Side): RenderSettings {
    const { directory, threads, countries, secret } = this.#options
    const spelled = (path: string) => path.replace(/\/(?=[^/]*$)/, this.#spelling)
    return {
      secret, waitingSocket: this.#options.waitingSocket,
      maps: this.#maps(side), adminSocket: spelled(adminSocket(directory)), tickSocket: spelled(tickSocket(directory)), hardStopSeconds: HARD_STOP_SECONDS,
      ...(threads === undefined ? {} : { threads }), ...(countries === undefined ? {} : { countries }),
    }
  }

  /** Writes a side and has it checked before it comes into force. */
  async #write(next: Layout, side: Side): Promise<void> {
    const files = render(next, this.#settings(side))
    await checkConfig(this.#options, await writeSide(this.#options.directory, side, files), files.config)
    await writeAtomic(join(this.#options.directory, 'haproxy.cfg'), files.config)
    this.#config = files.config
  }

  async #persist(): Promise<void> {
    if (this.#ended || !this.#master) return
    const began = this.#options.clock.monotonic()
    const [layout, settings] = [this.#layout, this.#settings(this.#side)]
    const files = this.#filed ? changedFiles(this.#filed, layout, settings) : render(layout, settings)
    await refreshSide(this.#options.directory, this.#side, files)
    this.#config = files.config ?? this.#config
    await (this.#filed ? this.#carried.follow(layout) : this.#carried.write({ version: 1, side: this.#side, layout }))
    this.#filed = layout
    this.#persistMs = Math.max(PERSIST_MS, PERSIST_SHARE * (this.#options.clock.monotonic() - began))
  }

  /** Sees to it that files and leftovers are looked after. */
  #arm(): void {
    const { clock, alone, log } = this.#options
    this.#cancelPersist ??= clock.after(this.#persistMs, () => {
      this.#cancelPersist = undefined
      alone(() => this.#persist()).catch((cause: unknown) => log.warn('the state of haproxy could not be written', { cause }))
    })
    if (this.#later.length > 0 || this.#restless.size > 0) this.#cancelTidy ??= clock.after(TIDY_MS, () => {
      this.#cancelTidy = undefined
      alone(() => this.#tidy()).catch((cause: unknown) => log.warn('leftovers in haproxy could not be removed', { cause }))
    })
  }

  /** Deletes old generations and the servers that have let go, and frees the slots of routes that are gone and have nothing in them. */
  async #tidy(): Promise<void> {
    if (this.#ended || !this.#trusted) return
    const runtime = await this.#connected()
    const now = this.#options.clock.monotonic()
    const due = this.#later.filter(each => now - each.at >= TIDY_MS)
    this.#later = this.#later.filter(each => !due.includes(each))
    for (const { steps } of due) await runtime.send(steps.flatMap(stepCommands))
    for (const id of [...this.#restless]) {
      const slot = withKey(this.#layout.slots, id, byId)
      if (slot && finishing(slot) && backendCounters(await runtime.ask(countersQuestion(id))).every(({ inProgress }) => inProgress === 0)) await this.#finish(runtime, id)
      for (const [server, { state }] of Object.entries(withKey(this.#layout.slots, id, byId)?.servers ?? {})) {
        if (state !== 'leaving') continue
        const [command] = stepCommands({ is: 'delete-server', backend: id, server })
        const answer = command ? await runtime.ask(command.text) : ''
        if (/deleted|No such server/.test(answer)) this.#become(withoutServer(this.#layout, id, server))
      }
    }
    const empty = restingEmpty(this.#layout)
    this.#become(withRested(this.#layout, empty.filter(id => this.#rested.includes(id))))
    this.#options.onCarried(this.#layout)
    this.#rested = empty
    this.#arm()
  }

  async #finish(runtime: Runtime, slotId: string): Promise<void> {
    const next = withFinished(this.#layout, slotId)
    const decided = plan(this.#layout, next, this.#maps(this.#side))
    if (decided.is === 'runtime') await runtime.send(decided.last.flatMap(stepCommands))
    this.#become(next)
  }
}
