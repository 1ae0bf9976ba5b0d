/**
 * What every proxy driver promises; each driver's test runs it with a world of its own kind. Shares are checked with
 * |z| ≤ 5 over exact binomials: each such check raises a false alarm in fewer than 1 of 1.7 million runs.
 */
import { describe } from 'vitest'
import { endContract, gatewaysContract, instancesContract, refusalsContract } from './testdata/gateways-contract.ts'
import { samplesContract } from './testdata/samples-contract.ts'
import { conditionsContract, stickinessContract, weightsContract } from './testdata/ways-contract.ts'
import { contractWorld, type Gap, type ProxyHarness } from './testdata/contract-world.ts'

export function proxyContract(name: string, open: () => Promise<ProxyHarness>, gaps: Partial<Record<Gap, string>> = {}): void {
  describe(`a ${name} proxy`, () => {
    const world = contractWorld(open, gaps)
    for (const topic of [weightsContract, conditionsContract, stickinessContract, gatewaysContract, instancesContract, samplesContract, refusalsContract, endContract]) topic(world)
  })
}
