/**
 * Makes HAProxy carry a layout, and knows which one it carries. All of it runs alone (one writer); what is decided is
 * decided in `layout.ts` and `plan.ts`.
 *
 * `trusted` says that HAProxy carries `layout` exactly; where it is not so (we have just found it, a command was refused,
 * the connection was lost) the next table compares first, and a difference is repaired by a reload.
 */
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Applied } from '../proxy.ts'
import { stepCommands } from './command.ts'
import { forget, readCarried, refreshSide, writeAtomic, writeCarried, writeSide } from './files.ts'
import type { Side } from './files.ts'
import { compact, EMPTY, layOut, withoutServer, withRested } from './layout.ts'
import type { Layout } from './layout.ts'
import type { LogNames } from './log-line.ts'
import { logNames } from './log-names.ts'
import { difference } from './observe.ts'
import { plan, undo } from './plan.ts'
import type { Plan, Step } from './plan.ts'
import { portHolder, portIsFree } from './port-holder.ts'
import { adminSocket, alive, checkConfig, findMaster, reload, startMaster, stopMaster } from './process.ts'
import type { Master } from './process.ts'
import { render } from './render.ts'
import type { Files, RenderSettings } from './render.ts'
import { openRuntime } from './runtime.ts'
import type { Runtime } from './runtime.ts'

export interface CarrierOptions {
  readonly directory: string
  readonly binary: string
  readonly clock: Clock
  readonly log: Logger
  readonly threads?: number
  /** Runs work that nothing else of the carrier overlaps. */
  alone<T>(work: () => Promise<T>): Promise<T>
}

export interface Carrier {
  carry(table: RoutingTable): Promise<Applied>
  detach(): Promise<void>
  stop(graceMs: number): Promise<void>
  readonly names: () => LogNames
  readonly layout: () => Layout
  readonly runtime: () => Runtime | undefined
}

/** Old generations and leaving servers are looked after this often while there are any. */
const TIDY_MS = 1_000
/** Files follow the running process this much later; a process of ours that dies in between costs the next one a reload. */
const PERSIST_MS = 100
const HARD_STOP_SECONDS = 3_600

interface Later { readonly at: number; readonly steps: readonly Step[] }

export async function carrier(options: CarrierOptions): Promise<Carrier> {
  const { directory, clock, log, alone } = options
  const settings = { directory, binary: options.binary, clock }
  const found = await readCarried(directory)
  let master: Master | undefined = await findMaster(directory)
  let runtime: Runtime | undefined
  let layout: Layout = found?.layout ?? EMPTY
  let side: Side = found?.side ?? 'a'
  let names = logNames(layout, { gateways: [], backends: [] })
  let written: Files | undefined
  let trusted = false
  let wanted: RoutingTable | undefined
  let later: Later[] = []
  let state: 'open' | 'ended' = 'open'
  let cancelTidy: (() => void) | undefined
  let cancelPersist: (() => void) | undefined
  if (master) log.info('haproxy of an earlier process found', { pid: master.pid })

  const mapsOf = (which: Side) => join(directory, which)
  const renderSettings = (which: Side): RenderSettings => ({
    maps: mapsOf(which), adminSocket: adminSocket(directory), logSocket: join(directory, 'log.sock'), hardStopSeconds: HARD_STOP_SECONDS,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  })
  const become = (next: Layout) => {
    layout = next
    names = logNames(next, names)
  }
  const connect = async () => {
    if (runtime && !runtime.closed) return runtime
    runtime = await openRuntime({ socket: adminSocket(directory), clock, onLost: () => { trusted = false; void alone(heal).catch(() => {}) } })
    return runtime
  }
  /** The connection is gone without our doing: HAProxy has died or was replaced. What was wanted last is made true again. */
  const heal = async () => {
    if (state !== 'open' || !wanted || trusted) return
    log.warn('the connection to haproxy was lost', { pid: master?.pid })
    try {
      const applied = await carry(wanted)
      log.warn('haproxy is as it should be again', { how: applied.how })
    } catch (cause) {
      log.error('haproxy could not be brought back', { cause })
      clock.after(TIDY_MS, () => { void alone(heal).catch(() => {}) })
    }
  }

  const start = async (table: RoutingTable): Promise<Applied> => {
    const next = compact(layOut({ ...EMPTY, generation: layout.generation }, table))
    await freePorts(EMPTY, next)
    await write(next, side)
    await holder(async () => { master = await startMaster(settings) })
    return await begun(next, table, 'start', [])
  }
  const restart = async (table: RoutingTable, next: Layout, reasons: readonly string[], running: Master): Promise<Applied> => {
    const other: Side = side === 'a' ? 'b' : 'a'
    const fresh = compact(next)
    await freePorts(layout, fresh)
    const before = await write(fresh, other)
    runtime?.close()
    runtime = undefined
    trusted = false
    try {
      await holder(() => reload(settings, running))
    } catch (fault) {
      if (before) await writeAtomic(join(directory, 'haproxy.cfg'), before.config)
      throw fault
    }
    side = other
    for (const reason of reasons) log.info('haproxy reloaded', { reason })
    return await begun(fresh, table, 'reload', reasons)
  }
  const begun = async (next: Layout, table: RoutingTable, how: 'start' | 'reload', reasons: readonly string[]): Promise<Applied> => {
    later = []
    become(next)
    await connect()
    await writeCarried(directory, { version: 1, side, layout })
    trusted = true
    return { revision: table.revision, how, reasons, commands: 0 }
  }
  /** Writes and checks a side; gives the files that were in force. */
  const write = async (next: Layout, which: Side): Promise<Files | undefined> => {
    const files = render(next, renderSettings(which))
    await checkConfig(settings, await writeSide(directory, which, files), files.config)
    await writeAtomic(join(directory, 'haproxy.cfg'), files.config)
    const before = written
    written = files
    return before
  }

  const run = async (p: Extract<Plan, { is: 'runtime' }>, next: Layout, table: RoutingTable): Promise<Applied> => {
    const connection = await connect()
    const send = (steps: readonly Step[]) => {
      const commands = steps.flatMap(stepCommands)
      return commands.length > 0 ? connection.send(commands).then(() => commands.length) : Promise.resolve(0)
    }
    let commands = 0
    try {
      commands += await send(p.add)
    } catch (fault) {
      layout = { ...layout, generation: next.generation }
      trusted = false
      await connection.send(undo(p.add).flatMap(stepCommands)).catch(() => {})
      throw fault
    }
    trusted = false
    commands += await send(p.flip)
    become(next)
    commands += await send(p.last)
    trusted = true
    if (p.later.length > 0) later.push({ at: clock.monotonic(), steps: p.later })
    arm()
    return { revision: table.revision, how: 'runtime', reasons: [], commands }
  }

  const carry = async (table: RoutingTable): Promise<Applied> => {
    wanted = table
    if (!master || !await alive(master)) {
      if (master) log.error('haproxy has died and is started again', { pid: master.pid })
      master = undefined
      return await start(table)
    }
    const next = layOut(layout, table)
    if (!trusted) {
      const differs = await connect().then(each => difference(each, layout, mapsOf(side)))
      if (differs !== undefined) return await restart(table, next, [`what haproxy carried was not what it should: ${differs}`], master)
      trusted = true
      arm()
    }
    const p = plan(layout, next, mapsOf(side))
    if (p.is === 'reload') return await restart(table, next, p.reasons, master)
    if (p.is === 'runtime') return await run(p, next, table)
    layout = next
    return { revision: table.revision, how: 'nothing', reasons: [], commands: 0 }
  }

  /** Deletes what was left for later and the servers that have let go, as far as HAProxy lets us. */
  const tidy = async () => {
    if (state !== 'open' || !trusted) return
    const connection = await connect()
    const due = later.filter(each => clock.monotonic() - each.at >= TIDY_MS)
    later = later.filter(each => !due.includes(each))
    for (const { steps } of due) await connection.send(steps.flatMap(stepCommands))
    for (const slot of layout.slots) {
      for (const [server, { state: serverState }] of Object.entries(slot.servers)) {
        if (serverState !== 'leaving') continue
        const answer = await connection.ask(stepCommands({ is: 'delete-server', backend: slot.id, server }).map(each => each.text).join(''))
        if (/deleted|No such server/.test(answer)) become(withoutServer(layout, slot.id, server))
      }
    }
    become(withRested(layout, rested()))
    arm()
  }
  /** Slots are free when they were seen resting without servers for one round. */
  let empty = new Set<string>()
  const rested = () => {
    const now = new Set(layout.slots.filter(slot => slot.resting && Object.keys(slot.servers).length === 0).map(slot => slot.id))
    const ready = [...now].filter(id => empty.has(id))
    empty = now
    return ready
  }
  const arm = () => {
    cancelPersist ??= clock.after(PERSIST_MS, () => { cancelPersist = undefined; void alone(persist).catch(cause => log.warn('the state could not be written', { cause })) })
    const busy = later.length > 0 || layout.slots.some(slot => slot.resting || Object.values(slot.servers).some(server => server.state === 'leaving'))
    if (busy) cancelTidy ??= clock.after(TIDY_MS, () => { cancelTidy = undefined; void alone(tidy).catch(cause => log.warn('old entries could not be removed', { cause })) })
  }
  const persist = async () => {
    if (state !== 'open' || !master) return
    const files = render(layout, renderSettings(side))
    await refreshSide(directory, side, files, written)
    written = files
    await writeCarried(directory, { version: 1, side, layout })
  }
  const end = async () => {
    cancelTidy?.()
    cancelPersist?.()
    if (trusted) await persist()
    state = 'ended'
    runtime?.close()
  }
  return {
    carry,
    names: () => names, layout: () => layout, runtime: () => runtime,
    detach: end,
    async stop(graceMs) {
      trusted = false
      await end()
      if (master) await stopMaster(settings, master, graceMs)
      await forget(directory)
    },
  }
}

/** Throws `Fault('port_taken')` for a new port that somebody else has. */
async function freePorts(before: Layout, after: Layout): Promise<void> {
  const listeners = (layout: Layout) => [
    ...layout.gateways.filter(laid => !laid.closed).map(({ table: { address, port, name } }) => ({ address, port, name })),
    ...(layout.virtual_hosts ? [{ ...layout.virtual_hosts, name: 'virtual hosts' }] : []),
  ]
  const mine = new Set(listeners(before).map(({ port }) => port))
  const seen = new Map<string, string>()
  for (const { address, port, name } of listeners(after)) {
    const twin = seen.get(`${address}:${port}`)
    if (twin !== undefined) throw new Fault('port_taken', 'the port is in use', { port, holder: `gateway ${twin}`, gateway: name })
    seen.set(`${address}:${port}`, name)
    if (mine.has(port) || await portIsFree(address, port)) continue
    throw new Fault('port_taken', 'the port is in use', { port, holder: await portHolder(port), gateway: name })
  }
}

/** Adds the holder to a refusal that came from HAProxy itself. */
async function holder(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.code !== 'port_taken') throw fault
    const port = Number(fault.facts['port'])
    throw new Fault('port_taken', 'the port is in use', { port, holder: await portHolder(port) }, { cause: fault })
  }
}
