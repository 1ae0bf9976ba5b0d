/** The one node of drivers that have no others. */
import { availableParallelism, hostname, totalmem } from 'node:os'
import { Fault } from '@vamp/model/fault'
import type { Node } from './container-driver.ts'

export function thisMachine(address: string): Node {
  return { name: hostname(), address, state: 'ready', availability: 'active', cpu: availableParallelism(), memoryBytes: totalmem(), labels: {} }
}

/** There is nowhere else to go. */
export function refuseAvailability(driver: string): Promise<never> {
  return Promise.reject(new Fault('unsupported', `the ${driver} driver runs everything on one node, which cannot be drained`, { driver }))
}
