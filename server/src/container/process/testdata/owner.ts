/** A server that starts a number of instances and is killed while it does. */
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { TEST_WORKLOAD } from '../../testdata/workload.ts'
import { openProcessDriver } from '../process-driver.ts'

const [directory = '', count = '0'] = process.argv.slice(2)
const driver = openProcessDriver({ directory, clock: systemClock, log: silent, cwd: directory, environment: { PATH: '/usr/bin:/bin' } })
const start = (number: number) => driver.start({ ...TEST_WORKLOAD, deployable: { type: 'process', definition: 'sleep 1000' }, id: `i${number}` })
// With the first one the launcher is there, and the others follow at once.
await start(0)
process.stdout.write('starting\n')
for (let number = 1; number < Number(count); number++) await start(number)
await systemClock.sleep(60_000)
