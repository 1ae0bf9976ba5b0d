/** A process that opens the driver, applies two tables, says so, and waits to be killed. */
import { systemClock } from '../../../base/clock.ts'
import { silent } from '../../../base/log.ts'
import { openHaproxy } from '../haproxy.ts'

const [directory = '', first = '', second = ''] = process.argv.slice(2)
const proxy = await openHaproxy({ directory, clock: systemClock, log: silent, threads: 2 })
await proxy.apply(JSON.parse(first))
const applied = await proxy.apply(JSON.parse(second))
process.send?.(applied.how)
