/**
 * Several engines as one: an instance goes where `placement.ts` says, and is reached at its engine's address. An engine that does not
 * answer keeps what was last seen of it, displaced, so that it is replaced elsewhere; it gets nothing until it answers again.
 */
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { Consumption, ContainerDriver, Node, Observed, Workload } from '../container-driver.ts'
import { refuseAvailability } from '../this-machine.ts'
import { type Placed, place, type Room } from './placement.ts'

export interface Engine {
  readonly name: string
  /** At which instances on its host's network are reached. */
  readonly address: string
  readonly driver: ContainerDriver
}

export interface EnginesOptions {
  readonly engines: readonly Engine[]
  /** A label of engines; absent: instances are packed, not spread. */
  readonly spreadBy?: string
  readonly log: Logger
}

interface Member extends Engine { seen: readonly Observed[]; silent: boolean; machine: Node | undefined }

const LOOPBACK = '127.0.0.1'
const MEGABYTE = 1e6

export function openEnginesDriver({ engines, spreadBy, log }: EnginesOptions): ContainerDriver {
  const members = engines.map((engine): Member => ({ ...engine, seen: [], silent: false, machine: undefined }))
  /** Chosen, and not seen there yet. */
  const coming = new Map<string, { readonly member: Member; readonly placed: Placed }>()

  const look = async (member: Member) => {
    try {
      member.seen = (await member.driver.observe()).map(observed => at(member, observed))
      member.machine ??= (await member.driver.nodes())[0]
      if (member.silent) log.info('an engine answers again', { engine: member.name })
      member.silent = false
    } catch (error) {
      if (!member.silent) log.warn('an engine does not answer', { engine: member.name, error })
      member.silent = true
      member.seen = member.seen.map(observed => ({ ...observed, displaced: true, reason: `the engine ${member.name} does not answer` }))
    }
  }
  const lookAll = async () => { await Promise.all(members.map(look)) }
  const memberOf = (id: string) => coming.get(id)?.member ?? members.find(({ seen }) => seen.some(observed => observed.id === id))
  const found = async (id: string) => {
    const known = memberOf(id)
    if (known) return known
    await lookAll()
    return memberOf(id)
  }
  const roomOf = (member: Member): Room => {
    const { name, silent, machine, seen } = member
    const present = seen.filter(({ state }) => state !== 'exited').map(placedAs)
    const expected = [...coming].filter(([id, each]) => each.member === member && !seen.some(observed => observed.id === id)).map(([, each]) => each.placed)
    return { name, cpu: machine?.cpu ?? 0, memory: (machine?.memoryBytes ?? 0) / MEGABYTE, labels: machine?.labels ?? {}, placed: [...present, ...expected], ...(silent ? { closed: 'does not answer' } : {}) }
  }
  /** Chosen and noted without a pause in between, so that two that come at once do not take the same room. */
  const choose = (workload: Workload): Member => {
    const chosen = place(workload, members.map(roomOf), spreadBy)
    const member = chosen.is === 'placed' ? members.find(({ name }) => name === chosen.on) : undefined
    if (!member) throw new Fault('container_unavailable', chosen.is === 'no_room' ? chosen.sentence : 'there is no engine')
    coming.set(workload.id, { member, placed: workload })
    return member
  }
  /** Those that can do it do; nothing happens to what is nowhere. */
  const where = async (id: string, act: (driver: ContainerDriver) => Promise<void>) => {
    const member = await found(id)
    if (member) await act(member.driver)
  }

  return {
    driver: members[0]?.driver.driver ?? 'docker',
    deployables: members[0]?.driver.deployables ?? [],
    pauses: members.every(({ driver }) => driver.pauses),
    async start(workload, signal) {
      signal?.throwIfAborted()
      if (!memberOf(workload.id)) await lookAll()
      const member = memberOf(workload.id) ?? choose(workload)
      try {
        await member.driver.start(workload, signal)
        await look(member)
      } finally {
        coming.delete(workload.id)
      }
    },
    pause: (id, signal) => where(id, driver => driver.pause(id, signal)),
    resume: (id, signal) => where(id, driver => driver.resume(id, signal)),
    stop: (id, graceMs, signal) => where(id, driver => driver.stop(id, graceMs, signal)),
    async observe(deployment) {
      await lookAll()
      const all = members.flatMap(({ seen }) => seen)
      return deployment === undefined ? all : all.filter(observed => observed.deployment === deployment)
    },
    watch(listener) {
      const ends = members.map(({ driver }) => driver.watch(listener))
      return () => { for (const end of ends) end() }
    },
    async *logs(id, options, signal) {
      const member = await found(id)
      // What is gone has left its last lines where it ran.
      for (const { driver } of member ? [member] : members) yield* driver.logs(id, options, signal)
    },
    async statistics(ids, signal) {
      const read = await Promise.all(members.filter(({ silent }) => !silent).map(({ driver }) => driver.statistics(ids, signal).catch(() => new Map<string, Consumption>())))
      return new Map(read.flatMap(each => [...each]))
    },
    async nodes() {
      await lookAll()
      return members.map(({ name, address, silent, machine }): Node => ({ cpu: 0, memoryBytes: 0, labels: {}, ...machine, name, address, state: silent ? 'down' : 'ready', availability: 'active' }))
    },
    setAvailability: () => refuseAvailability('docker'),
    async [Symbol.asyncDispose]() { await Promise.all(members.map(({ driver }) => driver[Symbol.asyncDispose]())) },
  }
}

const at = ({ name, address }: Engine, observed: Observed): Observed => ({ ...observed, node: name, host: observed.host === LOOPBACK ? address : observed.host })
const placedAs = ({ deployment, cluster, service, size }: Observed): Placed => ({ deployment, cluster, service, cpu: size?.cpu ?? 0, memory: size?.memory ?? 0 })
