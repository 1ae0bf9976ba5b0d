import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { silent } from '@vamp/agent/base/log'
import { expect, test } from 'vitest'
import { leaseContract } from './contract.ts'
import { type Lease, LEASE_MS } from './lease.ts'
import { type Leadership, openLeadership, TAKEOVER_MS_MAX } from './leadership.ts'
import { openMemoryLease } from './memory-lease.ts'

leaseContract('memory', async () => {
  const clock = virtualClock()
  return { lease: openMemoryLease(clock), expire: () => clock.advance(LEASE_MS + 1) }
})

async function world(names: readonly string[]) {
  const clock = virtualClock()
  const lease = openMemoryLease(clock)
  const cut = new Set<string>()
  const through = (name: string): Lease => {
    const demand = () => { if (cut.has(name)) throw new Error('no database') }
    return { take: async claim => { demand(); return lease.take(claim) }, renew: async (claim, fence) => { demand(); return lease.renew(claim, fence) }, release: async (claim, fence) => { demand(); return lease.release(claim, fence) } }
  }
  const servers = new Map<string, Leadership>()
  for (const name of names) servers.set(name, await openLeadership({ lease: through(name), claim: { holder: name, url: `http://${name}` }, clock, log: silent }))
  const leaders = () => [...servers].filter(([, { standing }]) => standing.is === 'leading').map(([name]) => name)
  return { clock, cut, servers, leaders }
}

test('the first leads for as long as it lives, the others know where it is', async () => {
  const { clock, servers, leaders } = await world(['a', 'b', 'c'])

  await clock.advance(10 * LEASE_MS)

  expect([leaders(), servers.get('b')?.standing, servers.get('a')?.fence(), servers.get('c')?.fence()]).toEqual([['a'], { is: 'following', leader: 'http://a' }, 1, undefined])
})

test('a leader that ends gives the lease back; the next one leads within moments', async () => {
  const { clock, servers, leaders } = await world(['a', 'b'])

  await servers.get('a')?.[Symbol.asyncDispose]()
  await clock.advance(1100)

  expect([leaders(), servers.get('b')?.fence()]).toEqual([['b'], 2])
})

test('a leader that loses its database steps down before another leads, and there are never two', async () => {
  const { clock, cut, servers, leaders } = await world(['a', 'b'])
  cut.add('a')
  const seen: string[] = []
  for (let waited = 0; waited <= TAKEOVER_MS_MAX; waited += 100) {
    await clock.advance(100)
    seen.push(leaders().join('+'))
  }

  expect([...new Set(seen)]).toEqual(['a', '', 'b'])
  cut.delete('a')
  await clock.advance(1100)
  expect([leaders(), servers.get('a')?.standing]).toEqual([['b'], { is: 'following', leader: 'http://b' }])
})

test('whoever is told of a change hears each once', async () => {
  const { clock, cut, servers } = await world(['a', 'b'])
  const heard: string[] = []
  for (const [name, leadership] of servers) leadership.onChange(({ is }) => heard.push(`${name} ${is}`))

  cut.add('a')
  await clock.advance(TAKEOVER_MS_MAX)
  cut.delete('a')
  await clock.advance(5000)

  expect(heard).toEqual(['a following', 'b leading'])
})
