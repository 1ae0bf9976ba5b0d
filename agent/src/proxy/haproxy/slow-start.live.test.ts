/** A real HAProxy gives an instance that has just come a growing part of the requests. */
import type { Endpoint } from '@vamp/model/routing/table'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { contractGateway } from '../testdata/contract-world.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

const SECONDS = 8
const REQUESTS = 200

test.skipIf(findBinary() === undefined)('an instance that comes into rotation without a reload starts slowly, and has its full part in the end', async () => {
  const world = await haproxyWorld()
  try {
    const [port, one, two] = [await world.freePort(), await world.backend('one'), await world.backend('two')]
    const gateway = (to: Endpoint[]) => {
      const plain = contractGateway('shop', port, { a: { weight: FULL_SHARE, to } }, { policy: { slow_start: SECONDS } })
      return { ...plain, routes: plain.routes.map(route => ({ ...route, policy: { slow_start: SECONDS } })) }
    }
    const shareOfTwo = async () => {
      let count = 0
      for (let number = 0; number < REQUESTS; number++) if ((await world.request(port)).instance === 'two') count++
      return count / REQUESTS
    }
    await world.proxy.apply({ revision: 1, gateways: [gateway([one])] })
    expect(await shareOfTwo()).toBe(0)

    const { how } = await world.proxy.apply({ revision: 2, gateways: [gateway([one, two])] })
    const first = await shareOfTwo()

    expect(how).toBe('runtime')
    expect(first).toBeLessThan(0.3)
    await world.until(async () => await shareOfTwo() > 0.45)
  } finally {
    await world.close()
  }
})
