/** A real Prometheus scrapes the server, and answers every question of the dashboard in docs/grafana-dashboard.json. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { Sketch } from '@vamp/stats/sketch'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const PROMETHEUS = ['/usr/bin/prometheus', '/usr/local/bin/prometheus'].find(existsSync)

interface Dashboard { readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[] }
const dashboard = JSON.parse(readFileSync(new URL('../docs/grafana-dashboard.json', import.meta.url), 'utf8')) as Dashboard
/** As Grafana fills them in. */
const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr.replaceAll('$__rate_interval', '10s').replaceAll('$gateway', '.*')] as const))

describe.skipIf(!PROMETHEUS)('a Prometheus', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-prometheus-'))
  let server: TestServer
  let prometheus: ChildProcess
  let url: string
  let feeding: NodeJS.Timeout

  beforeAll(async () => {
    server = await testServer()
    await server.store.put('deployment-statuses', 'shop', { name: 'shop', instances: [{ cluster: 'web', service: 'web:1.0', state: 'ready' }] } as never)
    const link = server.fleet.join('north')
    let sequence = 0
    const sketch = new Sketch()
    for (let ms = 1; ms <= 100; ms++) sketch.record(ms)
    const feed = () => {
      link.report({ agent: 'north', driver: 'haproxy', acknowledged: 0, endpoints: [], shares: [], reloads: 0 })
      void link.deliver({ agent: 'north', sequence: ++sequence, second: Math.floor(Date.now() / 1000), dropped: 1, cells: [{ gateway: 'shop/web/http', route: 'shop/web/web:1.0/http', instance: 'i', by: 'weight', part: 0, requests: 100, errors: 5, statuses: [0, 0, 95, 0, 0, 5], bytes: 1000, latency: sketch.toData() }] })
    }
    feed()
    feeding = setInterval(feed, 250)
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    writeFileSync(join(directory, 'prometheus.yml'), `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: vamp\n    static_configs: [{ targets: ['${new URL(server.url).host}'] }]\n`)
    prometheus = spawn(PROMETHEUS ?? '', [`--config.file=${join(directory, 'prometheus.yml')}`, `--storage.tsdb.path=${join(directory, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], { stdio: 'ignore' })
  })
  afterAll(async () => {
    clearInterval(feeding)
    const ended = new Promise(resolve => prometheus.once('exit', resolve))
    prometheus.kill()
    await ended
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const ask = async (query: string) => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)
    return await response.json() as { status: string; error?: string; data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
  }

  test('finds the server up', async () => {
    await vi.waitFor(async () => expect((await ask('up{job="vamp"}')).data.result[0]?.value[1]).toBe('1'), { timeout: 60_000, interval: 500 })
  })

  test.each(queries)('answers: %s', async (_, query) => {
    // A reconciler has nothing to do here.
    const mayBeEmpty = query.includes('vamp_reconcile')
    await vi.waitFor(async () => {
      const { status, error, data } = await ask(query)
      expect(error ?? status).toBe('success')
      if (!mayBeEmpty) expect(data.result.length, query).toBeGreaterThan(0)
    }, { timeout: 60_000, interval: 500 })
  })

  test('sees the times that the proxies saw', async () => {
    await vi.waitFor(async () => {
      const p50 = Number((await ask('histogram_quantile(0.5, sum by (le) (rate(vamp_gateway_request_duration_seconds_bucket[20s])))')).data.result[0]?.value[1])
      expect(p50).toBeGreaterThan(0.045)
      expect(p50).toBeLessThan(0.055)
    }, { timeout: 60_000, interval: 500 })
  })
})

test('every metric that the dashboard asks for is there', async () => {
  await using server = await testServer()
  const text = (await server.ask('//metrics')).text
  const there = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) => type === 'histogram' || type === 'summary' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]))

  const asked = new Set(queries.flatMap(([, query]) => query.match(/\b(vamp|process)_[a-z_]+/g) ?? []))
  expect([...asked].filter(name => !there.has(name))).toEqual([])
  expect(asked.size).toBeGreaterThan(10)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
