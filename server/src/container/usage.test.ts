import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openMemoryDriver } from './memory/memory-driver.ts'
import { memoryMachine } from './memory/memory-machine.ts'
import { TEST_WORKLOAD } from './testdata/workload.ts'
import { openUsageMeter } from './usage.ts'

function place() {
  const clock = virtualClock()
  let cores = 0.5
  const machine = memoryMachine({ clock, behaviour: () => ({ startUpMs: 0, uses: { cores, memoryBytes: 64e6 } }) })
  const driver = openMemoryDriver(machine)
  const readings: number[] = []
  const counted = { observe: driver.observe, statistics: (ids: readonly string[]) => { readings.push(clock.now()); return driver.statistics(ids) } }
  const start = (id: string) => machine.start({ ...TEST_WORKLOAD, id, deployable: { type: 'process', definition: 'x' } })
  return { clock, machine, readings, start, meter: openUsageMeter({ driver: counted, clock }), use(next: number) { cores = next } }
}

test('the first question waits for a second count; the next ones within a second are answered from it', async () => {
  const { clock, meter, readings, start } = place()
  start('one')
  await clock.advance(10)

  const asked = Promise.all([meter.read(), meter.read()])
  await clock.advance(1000)

  for (const usage of await asked) expect(usage.get('one')).toEqual({ cpu: 0.5, memoryBytes: 64e6 })
  await clock.advance(500)
  await meter.read()
  expect(readings).toHaveLength(2)
})

test('an instance that came in between has no rate yet, and one that went none any more', async () => {
  const { clock, machine, meter, start } = place()
  start('one')
  await clock.advance(10)
  const first = meter.read()
  await clock.advance(1000)
  await first

  start('two')
  machine.crash('one')
  await clock.advance(2000)
  expect([...(await meter.read()).keys()]).toEqual([])
  await clock.advance(2000)
  expect([...(await meter.read()).keys()]).toEqual(['two'])
})
