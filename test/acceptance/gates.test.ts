import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { afterEach, expect, test, vi } from 'vitest'
import { breed, release, shop } from './shop.ts'
import { openWorld, type World } from './world.ts'

/** Minutes of a virtual clock; on a machine with other work they take a while. */
vi.setConfig({ testTimeout: 90_000 })

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

let world: World | undefined
let receiver: Server | undefined
afterEach(async () => {
  await world?.close()
  receiver?.close()
})

async function visitedShop(rate = 100): Promise<World> {
  world = await openWorld({ seed: 3, answer: (_, random) => ({ status: 200, latencyMs: 8 + 4 * random() }), config: { webhookSecret: SECRET } })
  const w = world
  await w.apply(breed('web:2') + shop('web:1'))
  await w.until(30, async () => ((await w.store.get('gateway-statuses', 'shop/9050'))?.value.deployed ?? false) && (await w.store.get('deployment-statuses', 'shop'))?.value.services[0]?.phase === 'Done')
  w.visit(9050, rate)
  await w.seconds(12)
  return w
}

const statusOf = async (w: World): Promise<ReleaseStatus | undefined> => (await w.store.get('release-statuses', 'r'))?.value

interface Asked { readonly headers: IncomingMessage['headers']; readonly body: string }

async function receiving(answers: readonly number[]): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', data => { body += String(data) })
    request.on('end', () => {
      response.writeHead(answers[Math.min(asked.length, answers.length - 1)] ?? 500)
      asked.push({ headers: request.headers, body })
      response.end('not on a Friday')
    })
  })
  await new Promise<void>(resolve => { receiver?.listen(0, '127.0.0.1', resolve) })
  return { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/ok`, asked }
}

test('a webhook is asked, signed, until it says yes, and nothing goes on before', async () => {
  const w = await visitedShop()
  const { url, asked } = await receiving([403, 500, 200])

  await w.apply(release('r', 'web:2', { keep: '60s', more: `gates: [{webhook: "${url}", before: 0%}]` }))
  await w.until(60, async () => {
    await new Promise(resolve => setTimeout(resolve, 20))
    return /it answered 403, not on a Friday/.test((await statusOf(w))?.next ?? '')
  })
  expect((await statusOf(w))?.weight).toBe(0)
  await w.until(120, async () => {
    await new Promise(resolve => setTimeout(resolve, 20))
    return ((await statusOf(w))?.weight ?? 0) > 0
  })

  expect(asked).toHaveLength(3)
  expect(new Set(asked.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['r-0']))
  const { headers, body } = asked[0] ?? { headers: {}, body: '' }
  const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(`r-0.${headers['webhook-timestamp']}.${body}`).digest('base64')
  expect(headers['webhook-signature']).toBe(`v1,${signature}`)
  expect(JSON.parse(body)).toMatchObject({ type: 'release.gate', release: 'r', from: 'web:1', to: 'web:2', weight: 0 })
})

test('a time window holds the first request until it opens', async () => {
  const w = await visitedShop()
  const opens = new Date(w.clock.now() + 120_000).toISOString().slice(11, 16)

  await w.apply(release('r', 'web:2', { keep: '60s', more: `gates: [{window: "${opens}-23:59 UTC"}]` }))
  await w.seconds(30)
  expect(await statusOf(w)).toMatchObject({ phase: 'ramping', weight: 0, next: `Waits for ${opens}-23:59 UTC for the first request.` })

  await w.until(130, async () => ((await statusOf(w))?.weight ?? 0) > 0)
})

test('a clock that is set on buys no time and loses no evidence', async () => {
  const w = await visitedShop()
  await w.apply(release('r', 'web:2', { keep: '60s' }))
  await w.until(60, async () => ((await statusOf(w))?.requests.canary ?? 0) > 100)
  const before = await statusOf(w)

  w.clock.set(w.clock.now() + 3_600_000)
  await w.seconds(5)
  const later = await statusOf(w)
  expect(later?.phase).toBe('ramping')
  expect(later?.requests.canary).toBeGreaterThan(before?.requests.canary ?? 0)

  expect((await w.events.query({ type: 'release', tags: ['release:clock'] })).total).toBe(1)
})

test('a clock that is set back freezes the release, and it says so', async () => {
  const w = await visitedShop()
  await w.apply(release('r', 'web:2', { keep: '60s' }))
  await w.until(60, async () => ((await statusOf(w))?.requests.canary ?? 0) > 100)
  const before = await statusOf(w)

  w.clock.set(w.clock.now() - 3_600_000)
  await w.seconds(10)

  expect(await statusOf(w)).toMatchObject({ phase: 'ramping', next: expect.stringMatching(/^Frozen: the clock was set back/) })
  // Told once, however long it lasts.
  expect((await w.events.query({ tags: ['release:frozen'] })).total).toBe(1)
  expect((await statusOf(w))?.weight).toBeLessThanOrEqual(2 * (before?.weight ?? 0))
})
