import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  const second = Math.floor(Date.now() / 1000)
  const cell = { by: 'weight', part: 0, errors: 0, statuses: [0, 0, 90, 0, 0, 0], requests: 90, bytes: 900, latency: [[115, 90]] } as const
  for (let ago = 5; ago >= 1; ago--) void server.traffic.add({ agent: 'a', sequence: 10 - ago, second: second - ago, dropped: 0, cells: [
    { ...cell, gateway: 'shop/9050', route: 'shop/web/http', instance: 'shop/web/http' },
    { ...cell, gateway: 'shop/web/http', route: 'shop/web/web:1.0/http', instance: 'shop-web-1' },
    { ...cell, gateway: 'shop/web/http', route: 'shop/web/web:1.1/http', instance: 'shop-web-2', requests: 10, errors: 1, statuses: [0, 0, 9, 0, 0, 1], latency: [[230, 10]] },
    ...(ago === 1 ? [{ ...cell, gateway: 'idle/9051', route: 'idle/web/http', instance: '', requests: 5, errors: 5, statuses: [0, 0, 0, 0, 0, 5], latency: [[0, 5]] }] as const : []),
  ] })
})
afterAll(async () => { await server[Symbol.asyncDispose]() })

async function vamp(...args: string[]) {
  let said = ''
  const say = (text: string) => { said += text }
  const exit = await run(args, { ...processIo({}, new AbortController().signal, () => Date.now()), columns: 100, terminal: false, out: say, err: say }, { VAMP_HOST: server.url })
  return { exit, said }
}

test('top shows gateways, the versions behind them and their instances, and what no instance answered', async () => {
  const { exit, said } = await vamp('top', '--once', '--since', '50s')

  expect(exit).toBe(0)
  expect(said).toBe(`10.1 requests a second, 1.98% errors, in the last 50s
GATEWAY / VERSION / INSTANCE  SHARE  RATE  ERRORS  P50 MS  P99 MS
shop/web/http                        10.0   1.00%    9.88    98.5
  web:1.0                     90.0%  9.00      0%    9.88    9.88
    shop-web-1                90.0%  9.00      0%    9.88    9.88
  web:1.1                     10.0%  1.00   10.0%    98.5    98.5
    shop-web-2                10.0%  1.00   10.0%    98.5    98.5
shop/9050                            9.00      0%    9.88    9.88
  → shop/web/http              100%  9.00      0%    9.88    9.88
idle/9051                            0.10    100%    0.99    0.99
  → idle/web/http              100%  0.10    100%    0.99    0.99
    (no instance)              100%  0.10    100%    0.99    0.99
`)
})

test('top as JSON has every number', async () => {
  const { said } = await vamp('top', '--once', '-o', 'json', '--gateway', 'shop/9050')

  expect(JSON.parse(said).groups.map(({ by, requests }: { by: string; requests: number }) => [by, requests])).toEqual([['gateway', 450], ['route', 450], ['instance', 450]])
})

test('metrics draws the window, with the most and the whole of it', async () => {
  const { exit, said } = await vamp('metrics', 'shop/web/web:1.1', '--since', '20s', '--step', '20s')

  expect(exit).toBe(0)
  expect(said.replace(/until .*,/, 'until MOMENT,')).toBe(`shop/web/web:1.1  20s until MOMENT, 20s each
            █  most 2.50
            █
            █
requests/s  █  2.50 on average
            █  most 10.0%
errors      █  10.0% of 50: 5
            █  most 98.5
p50 ms      █  98.5 of all
            █  most 98.5
p95 ms      █  98.5 of all
            █  most 98.5
p99 ms      █  98.5 of all
`)
})

test('metrics by service and deployment tells the numbers of each', async () => {
  const { exit, said } = await vamp('metrics', 'shop', '--since', '50s', '--step', '50s', '-p', '50', '--by', 'service', '--by', 'deployment')

  expect(exit).toBe(0)
  expect(said.slice(said.indexOf('\n\n') + 2)).toBe(`SERVICE           REQUESTS  RATE  ERRORS  P50 MS
shop/web/web:1.0       450  9.00      0%    9.88
shop/web/web:1.1        50  1.00   10.0%    98.5

DEPLOYMENT  REQUESTS  RATE  ERRORS  P50 MS
shop             500  10.0   1.00%    9.88
`)
  expect(await vamp('metrics', '--by', 'colour')).toMatchObject({ exit: 2, said: expect.stringContaining("'colour' is nothing to group by") })
})

test('metrics of what is idle and of what is not there differ; a wrong duration is a mistake', async () => {
  await server.ask('/gateways/quiet', { method: 'PUT', body: 'name: quiet\nport: 9099\nroutes: {}\n' })

  expect((await vamp('metrics', '--gateway', 'quiet', '--step', '60s')).said).toMatch(/^quiet {2}10m until .*\nThere were no requests\.\n$/)
  expect(await vamp('metrics', 'nobody', '--step', '60s')).toEqual({ exit: 3, said: "error There is no deployment 'nobody'.\n" })
  expect(await vamp('metrics', '--since', 'yesterday')).toMatchObject({ exit: 2, said: expect.stringContaining('--since yesterday is no duration') })
})
