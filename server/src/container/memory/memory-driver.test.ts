import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import type { Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openMemoryDriver } from './memory-driver.ts'
import { memoryMachine } from './memory-machine.ts'

const definition = (definition: string) => ({ deployable: { type: 'process', definition } })

async function open(): Promise<ContainerHarness> {
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: () => ({ uses: { cores: 0.5, memoryBytes: 64e6 } }) })
  machine.onChange(id => {
    const instance = machine.instances.get(id)
    if (instance?.state !== 'running') return
    if (instance.workload.deployable.definition === 'fail') machine.crash(id, 'exited with code 3')
    else if (machine.logs(id).length === 0) machine.log(id, 'hello')
  })
  let driver = openMemoryDriver(machine)
  return {
    driver,
    serving: (id, changes) => ({ ...TEST_WORKLOAD, ...definition('serve'), id, ...changes }),
    failing: id => ({ ...TEST_WORKLOAD, ...definition('fail'), id }),
    async restart() { await driver[Symbol.asyncDispose](); driver = openMemoryDriver(machine); return driver },
    async crash(id) { machine.crash(id) },
    async until(condition) {
      for (let step = 0; step < 1000; step++) {
        if (await condition()) return
        await clock.advance(10)
      }
      throw new Error('it did not come')
    },
    async copies(id) { const state = machine.instances.get(id)?.state; return state && state !== 'exited' ? 1 : 0 },
    close: async () => { await driver[Symbol.asyncDispose]() },
  }
}

containerContract('memory', open)

test('start-up takes the simulated time, and an instance that will not end is killed after the grace', async () => {
  const clock = virtualClock()
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 300, stopMs: 60_000 }) })
  await using driver = openMemoryDriver(machine)
  const workload: Workload = { ...TEST_WORKLOAD, ...definition('serve'), id: 'one' }

  await driver.start(workload)
  await clock.advance(299)
  expect((await driver.observe())[0]?.state).toBe('starting')
  await clock.advance(1)
  expect((await driver.observe())[0]?.state).toBe('running')

  const stopped = driver.stop('one', 1000)
  await clock.advance(999)
  expect(await driver.observe()).toHaveLength(1)
  await clock.advance(1)
  await stopped
  expect(await driver.observe()).toEqual([])
})
