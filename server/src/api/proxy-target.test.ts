import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { openMemoryDriver } from '../container/memory/memory-driver.ts'
import { memoryMachine } from '../container/memory/memory-machine.ts'
import { TEST_WORKLOAD } from '../container/testdata/workload.ts'
import { openFleet } from '../fleet/live-fleet.ts'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import { proxyTarget } from './proxy-target.ts'

test('a workflow in a container is reached by its instance and port, and nothing else is', async () => {
  const clock = virtualClock()
  const containers = openMemoryDriver(memoryMachine({ clock }))
  const known = { containers, store: openMemoryStore(), fleet: openFleet({ clock }) }
  await containers.start({ ...TEST_WORKLOAD, id: 'w-1', deployable: { type: 'docker', definition: 'report' }, deployment: 'workflows/report', cluster: 'report' })
  await clock.advance(5000)
  const [running] = await containers.observe('workflows/report')

  expect(await proxyTarget(known, '/proxy/workflows/report/instances/w-1/ports/web/a?b=c')).toEqual({ host: running?.host, port: running?.ports['web'], path: '/a?b=c' })
  for (const path of ['other/instances/w-1/ports/web/', 'report/instances/w-2/ports/web/', 'report/instances/w-1/ports/none/', 'report/instances/w-1/ports/constructor/', 'report/x/w-1/x/web/', ''])
    expect(await proxyTarget(known, `/proxy/workflows/${path}`)).toBeUndefined()
})
