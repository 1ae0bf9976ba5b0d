/**
 * What routing costs: the rate of a gateway with 3 versions, 2 conditions with strength, weights and stickiness, as a ratio to
 * a bare pass-through, to the original's nested layout (one hop over unix sockets), and with 1 000 gateways on the same HAProxy; and
 * the embedded proxy's rate, as a ratio to the bare HAProxy.
 *
 * All run in the same rounds, one after the other, on one thread each; the rate is connections / median latency, which short
 * stalls of the machine do not move. Every figure is the median of the rounds' ratios. Needs HAProxy and wrk. `--instructions` counts
 * instead what a request costs HAProxy, which no other program disturbs; it needs valgrind.
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../agent/src/base/clock.ts'
import { silent } from '../../agent/src/base/log.ts'
import { openEmbedded } from '../../agent/src/proxy/embedded/embedded.ts'
import { openHaproxy } from '../../agent/src/proxy/haproxy/haproxy.ts'
import { findBinary } from '../../agent/src/proxy/haproxy/process.ts'
import type { Proxy as ProxyPort } from '../../agent/src/proxy/proxy.ts'
import type { RoutingTable } from '../../model/src/routing/table.ts'
import { freePorts } from '../free-ports.ts'
import { countInstructions } from './instructions.ts'
import { backends, bareConfig, gateway, INSTANCES, nestedConfig, VERSIONS, withoutLog } from './layouts.ts'

const CONNECTIONS = 16

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--instructions')) return countInstructions()
  if (spawnSync('wrk', ['-v']).error) throw new Error('wrk makes the requests of this bench and is not installed: apt-get install wrk (https://github.com/wg/wrk)')
  const option = (name: string, usual: number) => args.includes(name) ? Number(args[args.indexOf(name) + 1]) : usual
  const [rounds, seconds] = [option('--rounds', 5), option('--seconds', 2)]
  const directory = mkdtempSync('/tmp/vamp-bench-')
  const started: ChildProcess[] = []
  const proxies: ProxyPort[] = []
  const start = async (config: string) => {
    const path = `${directory}/${started.length}.cfg`
    writeFileSync(path, config)
    execFileSync(findBinary() ?? 'haproxy', ['-c', '-f', path], { stdio: ['ignore', 'ignore', 'inherit'], env: {} })
    started.push(spawn(findBinary() ?? 'haproxy', ['-db', '-f', path], { stdio: 'ignore', env: {} }))
    await systemClock.sleep(300)
  }
  const open = async (name: string, table: RoutingTable) => {
    const proxy = await openHaproxy({ directory: `${directory}/${name}`, clock: systemClock, log: silent, threads: 1 })
    proxies.push(proxy)
    await proxy.apply(table)
  }
  try {
    const ports = await freePorts(VERSIONS * INSTANCES + 6)
    const instances = ports.splice(0, VERSIONS * INSTANCES)
    const [bare = 0, ours = 0, silentPort = 0, nested = 0, crowd = 0, embedded = 0] = ports
    await start(backends(instances))
    await start(bareConfig(bare, instances))
    await start(nestedConfig(nested, instances, directory))
    await open('one', { revision: 1, gateways: [gateway('shop', ours, instances)] })
    await start(withoutLog(readFileSync(`${directory}/one/haproxy.cfg`, 'utf8'), directory, ours, silentPort))
    const others = (await freePorts(999)).map((port, index) => gateway(`gateway-${index}`, port, instances))
    await open('crowd', { revision: 1, gateways: [gateway('shop', crowd, instances), ...others] })
    const inProcess = openEmbedded({ clock: systemClock, log: silent, random: Math.random })
    proxies.push(inProcess)
    await inProcess.apply({ revision: 1, gateways: [gateway('shop', embedded, instances)] })
    const script = `${directory}/requests.lua`
    writeFileSync(script, REQUESTS)
    const targets = { bare, ours, silent: silentPort, nested, crowd, embedded }
    const medians: Record<string, number[]> = Object.fromEntries(Object.keys(targets).map(name => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, port] of Object.entries(targets)) medians[name]?.push(await medianLatency(port, seconds, script))
    }
    const ratio = (of: string, to: string) => rounded(median((medians[to] ?? []).map((value, round) => value / (medians[of]?.[round] ?? Number.NaN))))
    const result = {
      ratio_bare: ratio('silent', 'bare'), ratio_bare_logged: ratio('ours', 'bare'), ratio_nested: ratio('silent', 'nested'),
      ratio_1000_gateways: ratio('crowd', 'ours'), ratio_embedded: ratio('embedded', 'bare'),
      p50_added_us: rounded((median(medians['ours'] ?? []) - median(medians['bare'] ?? [])) / CONNECTIONS), rounds,
    }
    console.log(args.includes('--json') ? JSON.stringify(result) : result)
  } finally {
    for (const proxy of proxies) await proxy.stop(0)
    for (const child of started) child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Sixty-four visitors: different addresses in their headers, so that no cache of patterns hides the work. */
const REQUESTS = `
local requests, at = {}, 0
local agents = { "Mozilla/5.0 (X11; Linux) Chrome/120.0 Safari/537.36", "Mozilla/5.0 (X11; Linux) Firefox/120.0", "curl/8.0" }
init = function()
  for i = 1, 64 do
    requests[i] = wrk.format("GET", "/shop/item/" .. i, {
      ["User-Agent"] = agents[i % 3 + 1], ["Accept"] = "text/html,application/xhtml+xml", ["Accept-Encoding"] = "gzip, deflate",
      ["Accept-Language"] = i % 4 == 0 and "en-GB,en" or "nl-NL,nl", ["Cookie"] = "session=" .. i * 7919 .. (i % 5 == 0 and "; beta=1" or ""),
    })
  end
end
request = function()
  at = at % 64 + 1
  return requests[at]
end
`

/** Microseconds. */
async function medianLatency(port: number, seconds: number, script: string): Promise<number> {
  const output = await new Promise<string>((resolve, reject) => execFile('wrk',
    ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', '-s', script, `http://127.0.0.1:${port}/`], (error, stdout) => error ? reject(error) : resolve(stdout)))
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`requests failed:\n${output}`)
  const [, number = '', unit = ''] = /50%\s+([\d.]+)(us|ms|s)/.exec(output) ?? []
  return Number(number) * ({ us: 1, ms: 1_000, s: 1_000_000 }[unit] ?? Number.NaN)
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const rounded = (value: number) => Math.round(value * 1000) / 1000
