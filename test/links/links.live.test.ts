/** Every way in which an agent can be told and can tell: one contract, on real programs where there are any. */
import { systemClock as clock } from '@vamp/agent/base/clock'
import { linkContract } from '@vamp/agent/link/contract'
import { keyValueContract } from '@vamp/agent/link/store/contract'
import { openStore } from '@vamp/agent/link/store/open-store'
import { describe } from 'vitest'
import { startConsul } from './consul.ts'
import { httpHarness } from './harness.ts'
import { hasEtcd, hasZookeeper, type Program, startEtcd, startZookeeper } from './programs.ts'

async function storeHarness(program: Program) {
  const { store } = await openStore(program.address, clock)
  return { store, die: program.die, comeBack: program.comeBack, async close() { await store[Symbol.asyncDispose](); await program.close() } }
}

linkContract('HTTP', () => httpHarness())

describe.skipIf(!hasEtcd)('with etcd', () => {
  keyValueContract('etcd', async () => storeHarness(await startEtcd()))
  linkContract('etcd', async () => httpHarness(await startEtcd()))
})

describe.skipIf(!hasZookeeper)('with ZooKeeper', () => {
  keyValueContract('ZooKeeper', async () => storeHarness(await startZookeeper()))
  linkContract('ZooKeeper', async () => httpHarness(await startZookeeper()))
})

keyValueContract('Consul', async () => storeHarness(await startConsul()))
linkContract('Consul', async () => httpHarness(await startConsul()))
