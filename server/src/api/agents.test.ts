import { expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openHttpLink } from '@vamp/agent/link/http'
import { testServer } from './testdata/test-server.ts'

test('an agent on another host gets every table, and what it reports and measures arrives', async () => {
  await using server = await testServer()
  server.fleet.publish({ revision: 1, gateways: [] })
  await using link = openHttpLink({ servers: [server.url], agent: 'north', clock: systemClock, log: silent })
  const revisions: number[] = []
  link.onTable(({ revision }) => revisions.push(revision))
  await vi.waitFor(() => expect(revisions).toEqual([1]))

  server.fleet.publish({ revision: 2, gateways: [] })
  link.report({ agent: 'north', driver: 'haproxy', acknowledged: 2, endpoints: [], shares: [], reloads: 0 })
  const windows: number[] = []
  server.fleet.onWindow(({ sequence, cells }) => { windows.push(sequence, cells.length) })
  const cell = { gateway: 'g', route: 'r', instance: 'i', by: 'weight', part: 0, requests: 1, errors: 0, statuses: [0, 0, 1, 0, 0, 0], bytes: 5, latency: [[3, 1]] } as const
  await link.deliver({ agent: 'north', sequence: 7, second: 1_700_000_000, dropped: 0, cells: [cell] })

  await vi.waitFor(() => expect([revisions, windows, server.fleet.acknowledged()]).toEqual([[1, 2], [7, 1], 2]))
})

test('what is no window, or speaks for somebody else, is refused', async () => {
  await using server = await testServer()
  const post = async (agent: string, body: object) => (await server.ask(`/agents/${agent}/windows`, { method: 'POST', body })).status
  const window = { agent: 'north', sequence: 1, second: 1, dropped: 0, cells: [] }

  expect(await post('north', window)).toBe(204)
  expect(await post('south', window)).toBe(400)
  expect(await post('local', { ...window, agent: 'local' })).toBe(409)
  expect(await post('north', { ...window, cells: [{}] })).toBe(400)
})

test('a server that counts from the beginning is listened to, and of two streams of one agent the newer one lives', async () => {
  await using server = await testServer()
  server.fleet.publish({ revision: 2, gateways: [] })
  const opened = async (known: string) => {
    const response = await fetch(`${server.url}/api/v1/agents/north/tables`, { headers: { 'Last-Event-ID': known } })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    return { until: async (part: string) => { while (!text.includes(part)) { const next = await reader?.read(); if (!next || next.done) return 'ended'; text += next.value } return 'there' } }
  }

  const behind = await opened('50')
  expect(await behind.until('id: 2\n')).toBe('there')
  const current = await opened('2')
  expect(await behind.until('id: 3\n')).toBe('ended')
  server.fleet.publish({ revision: 3, gateways: [] })
  expect(await current.until('id: 3\n')).toBe('there')
})

test('an agent whose clock is off is told of where agents are listed', async () => {
  await using server = await testServer()
  await using link = openHttpLink({ servers: [server.url], agent: 'north', clock: systemClock, log: silent })
  link.report({ agent: 'north', time: systemClock.now() - 3_600_000, driver: 'haproxy', acknowledged: 0, endpoints: [], shares: [], reloads: 0 })
  await vi.waitFor(() => expect(server.fleet.reports()).toHaveLength(1))

  expect((await server.ask('/info')).json).toMatchObject({ gateway_driver: { agents: [{ agent: 'north', clock: 'its clock is 3600 s slow' }] } })
})

test('what waited at an agent whose clock is off is counted where it belongs, before it has reported', async () => {
  await using server = await testServer()
  const slow: Clock = { ...systemClock, now: () => systemClock.now() - 3_600_000 }
  await using link = openHttpLink({ servers: [server.url], agent: 'north', clock: slow, log: silent })
  const placed: unknown[] = []
  server.fleet.onWindow(({ second, secondsBehind }) => { placed.push([second, secondsBehind]) })

  await link.deliver({ agent: 'north', sequence: 1, second: 1_700_000_000, dropped: 0, cells: [] })

  expect(placed).toEqual([[1_700_000_000, 3600]])
})
