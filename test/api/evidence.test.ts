/** What nobody in their right mind would send. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@vamp/agent/base/clock'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

describe('events', () => {
  const tell = async (event: object | string) => await server.ask('/events', { method: 'POST', body: event })

  test('that are too large, too many, or have too many tags are refused with the limit', async () => {
    for (const [event, limit] of [
      [{ tags: Array.from({ length: 65 }, (_, index) => `t${index}`) }, '64 tags'], [{ tags: ['t'.repeat(600)] }, '512'], [{ tags: ['t'], type: 'x'.repeat(200) }, '128'],
      [Array.from({ length: 10_001 }, () => ({ tags: ['t'] })), '10000'],
    ] as const) {
      const { status, json } = await tell(event)
      expect([status, (json as { message: string }).message]).toEqual([413, expect.stringContaining(limit)])
    }
    expect((await tell({ tags: ['t'], value: 'x'.repeat(5_000_000) })).status).toBe(413)
  })

  test('with a clock an hour ahead are refused and told by how much; an hour behind is fine', async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString()

    const ahead = await tell({ tags: ['clock'], timestamp: at(3_600_000) })
    expect([ahead.status, ahead.text]).toEqual([400, expect.stringContaining('ahead')])
    expect((await tell({ tags: ['clock'], timestamp: at(-3_600_000) })).status).toBe(201)
  })

  test('with numbers that are none are kept as they were written, and never added up', async () => {
    for (const value of ['1e309', '-1e309', '1e-400', '0x1F', 'NaN']) expect((await tell(`{"tags": ["absurd"], "type": "absurd", "value": ${value}}`)).status).toBeLessThan(500)
    await tell({ tags: ['absurd'], type: 'absurd', value: 2 })

    const { status, json } = await server.ask('/events?tag=absurd&type=absurd&aggregate=max')
    expect(status).toBe(200)
    expect((json as { value: number }).value === null || Number.isFinite((json as { value: number }).value)).toBe(true)
  })

  test('with ten thousand different tags a second cost the disk, not memory', { timeout: 60_000 }, async () => {
    await using database = openEmbeddedDatabase({ file: ':memory:' })
    await using log = await openSqlEventLog({ database, clock: systemClock })
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = () => { collect(); return process.memoryUsage().heapUsed }
    const second = async (number: number) => { for (let part = 0; part < 10; part++) await log.append(Array.from({ length: 1000 }, (_, index) => ({ tags: [`user:${number}-${part}-${index}`], value: index }))) }
    await second(0)
    const before = heap()

    for (let number = 1; number <= 6; number++) await second(number)

    expect((heap() - before) / 60_000).toBeLessThan(100)
    expect((await log.query({ tags: ['user:6-9-999'] })).total).toBe(1)
  })
})

describe('windows of an agent', () => {
  const cell = { gateway: 'g', route: 'r', instance: 'i', by: 'weight', part: 0, requests: 1, errors: 0, statuses: [0, 0, 1, 0, 0, 0], bytes: 5, latency: [[3, 1]] }
  const window = (over: object) => ({ agent: 'north', sequence: 1, second: 1_700_000_000, dropped: 0, cells: [cell], ...over })
  const deliver = async (body: object | string) => (await server.ask('/agents/north/windows', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })).status

  test('with counts that cannot be are refused', async () => {
    for (const wrong of [{ requests: -1 }, { requests: 0.5 }, { statuses: [1] }, { part: 9 }, { latency: [[1.5, 1]] }, { latency: [[1]] }, { by: 'luck' }, { bytes: -3 }, { gateway: 7 }])
      expect(await deliver(window({ cells: [{ ...cell, ...wrong }] })), JSON.stringify(wrong)).toBe(400)
    expect(await deliver(window({ agent: 'south' }))).toBe(400)
    expect(await deliver('{"agent": "north", "cells": [')).toBe(400)
    expect(await deliver(window({ second: 1e300 }))).toBeLessThan(500)
  })

  test('from a clock that is years off are taken and not believed', async () => {
    expect(await deliver(window({ second: 99_999_999_999, sequence: 2 }))).toBe(204)
    expect(await deliver(window({ second: 1, sequence: 3 }))).toBe(204)
    expect((await server.ask('/traffic?since=1h')).status).toBe(200)
  })
})
