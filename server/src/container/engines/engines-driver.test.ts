import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { openMemoryDriver } from '../memory/memory-driver.ts'
import { type MemoryMachine, memoryMachine } from '../memory/memory-machine.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openEnginesDriver } from './engines-driver.ts'

const definition = (definition: string) => ({ deployable: { type: 'process', definition } })

async function open(): Promise<ContainerHarness> {
  const clock = virtualClock()
  const machines = [1, 2].map(() => memoryMachine({ clock, behaviour: () => ({ uses: { cores: 0.5, memoryBytes: 64e6 } }) }))
  for (const machine of machines) machine.onChange(id => {
    const instance = machine.instances.get(id)
    if (instance?.state !== 'running') return
    if (instance.workload.deployable.definition === 'fail') machine.crash(id, 'exited with code 3')
    else if (machine.logs(id).length === 0) machine.log(id, 'hello')
  })
  const open = () => openEnginesDriver({ engines: machines.map((machine, index) => ({ name: `engine-${index}`, address: `10.0.0.${index + 1}`, driver: openMemoryDriver(machine) })), spreadBy: 'nothing', log: silent })
  let driver = open()
  return {
    driver,
    serving: (id, changes) => ({ ...TEST_WORKLOAD, ...definition('serve'), id, ...changes }),
    failing: id => ({ ...TEST_WORKLOAD, ...definition('fail'), id }),
    async restart() { await driver[Symbol.asyncDispose](); driver = open(); return driver },
    async crash(id) { for (const machine of machines) if (machine.instances.has(id)) machine.crash(id) },
    async until(condition) {
      for (let step = 0; step < 1000; step++) {
        if (await condition()) return
        await clock.advance(10)
      }
      throw new Error('it did not come')
    },
    async copies(id) { return machines.filter(machine => { const state = machine.instances.get(id)?.state; return state && state !== 'exited' }).length },
    close: async () => { await driver[Symbol.asyncDispose]() },
  }
}

containerContract('engines', open)

/** Two machines of two cores each, in a zone of their own. */
function pair(spreadBy?: string) {
  const clock = virtualClock()
  const machines = new Map<string, MemoryMachine>(['a', 'b'].map(name => [name, memoryMachine({ clock, behaviour: () => ({}) })]))
  const dead = new Set<string>()
  const engines = [...machines].map(([name, machine]) => {
    const driver = openMemoryDriver(machine)
    const small: ContainerDriver = {
      ...driver,
      observe: deployment => dead.has(name) ? Promise.reject(new Error('no answer')) : driver.observe(deployment),
      nodes: async () => [{ name, address: '127.0.0.1', state: 'ready', availability: 'active', cpu: 2, memoryBytes: 4e9, labels: { zone: name } }],
    }
    return { name, address: `${name}.example`, driver: small }
  })
  const driver = openEnginesDriver({ engines, log: silent, ...(spreadBy === undefined ? {} : { spreadBy }) })
  const workload = (id: string, cpu = 1): Workload => ({ ...TEST_WORKLOAD, ...definition('serve'), id, cpu, memory: 64 })
  return { clock, driver, dead, workload, nodes: async () => Object.fromEntries((await driver.observe()).map(({ id, node }) => [id, node])) }
}

test('instances are packed, also those that come at once, and reached at their engine', async () => {
  const { driver, workload, nodes, clock } = pair()
  await Promise.all(['one', 'two', 'three'].map(id => driver.start(workload(id))))
  await clock.advance(10)

  expect(Object.values(await nodes()).toSorted()).toEqual(['a', 'a', 'b'])
  expect((await driver.observe()).map(({ host, node }) => host === `${node}.example`)).toEqual([true, true, true])
})

test('by a label they are spread', async () => {
  const { driver, workload, nodes } = pair('zone')
  for (const id of ['one', 'two']) await driver.start(workload(id))

  expect(await nodes()).toEqual({ one: 'a', two: 'b' })
})

test('what fits nowhere is refused with what is left', async () => {
  const { driver, workload } = pair()
  await driver.start(workload('one'))

  await expect(driver.start(workload('large', 3))).rejects.toThrow(/no engine has room for .* \(3 cores, 64 MB\): a has 1 cores and 3936 MB left; b has 2 cores/)
})

test('what ran on an engine that does not answer is displaced, and what is new goes elsewhere', async () => {
  const { driver, workload, dead, nodes } = pair()
  await driver.start(workload('one'))
  dead.add('a')

  expect(await driver.observe()).toEqual([expect.objectContaining({ id: 'one', displaced: true, reason: 'the engine a does not answer' })])
  await driver.start(workload('two'))
  expect(await nodes()).toMatchObject({ one: 'a', two: 'b' })

  dead.delete('a')
  expect((await driver.observe()).find(({ id }) => id === 'one')?.displaced).toBeUndefined()
})
