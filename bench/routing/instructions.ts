/**
 * Instructions that HAProxy spends on a request, counted by callgrind: the bare one, the gateway with and without its log, and one
 * without stickiness and conditions. The same sixty-four visitors as in the bench of rates, none with a cookie.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { compact, EMPTY, layOut } from '../../agent/src/proxy/haproxy/layout.ts'
import { findBinary } from '../../agent/src/proxy/haproxy/process.ts'
import { render } from '../../agent/src/proxy/haproxy/render.ts'
import type { GatewayTable } from '../../model/src/routing/table.ts'
import { freePorts } from '../free-ports.ts'
import { backends, bareConfig, gateway, INSTANCES, VERSIONS, withoutLog } from './layouts.ts'

const COUNTED = 640
const WARM_UP = 128
const CONNECTIONS = 16

export async function countInstructions(): Promise<void> {
  if (spawnSync('valgrind', ['--version']).error) throw new Error('valgrind counts the instructions and is not installed: apt-get install valgrind')
  const directory = mkdtempSync('/tmp/vamp-bench-')
  const [port = 0, ...instances] = await freePorts(1 + VERSIONS * INSTANCES)
  const write = (name: string, config: string) => { writeFileSync(`${directory}/${name}.cfg`, config); return `${directory}/${name}.cfg` }
  const behind = spawn(findBinary() ?? 'haproxy', ['-db', '-f', write('instances', backends(instances))], { stdio: 'ignore', env: {} })
  try {
    const shop = gateway('shop', port, instances)
    const { plain, ...configs } = { bare: bareConfig(port, instances), logged: ours('logged', directory, shop), silent: ours('silent', directory, shop), plain: ours('plain', directory, { ...shop, sticky: 'none', routes: shop.routes.map(({ condition: _, ...route }) => route) }) }
    const files = { bare: configs.bare, plain: withoutLog(plain, directory, port, port), silent: withoutLog(configs.silent, directory, port, port), logged: configs.logged }
    const counts: Record<string, number> = {}
    for (const [name, config] of Object.entries(files)) counts[name] = await count(write(name, config), port)
    console.log(JSON.stringify(counts))
  } finally {
    behind.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

function ours(name: string, directory: string, shop: GatewayTable): string {
  const maps = `${directory}/${name}`
  mkdirSync(maps)
  const files = render(compact(layOut(EMPTY, { revision: 1, gateways: [shop] })), {
    maps, adminSocket: `${maps}/admin.sock`, tickSocket: `${maps}/tick.sock`, waitingSocket: `${maps}/waiting.sock`, secret: '5ec7e7aa'.repeat(4), hardStopSeconds: 60, threads: 1,
  })
  for (const [path, text] of files.maps) writeFileSync(path, text)
  return files.config
}

/** Instructions of each request. */
async function count(config: string, port: number): Promise<number> {
  const out = `${config}.callgrind`
  const proxy = spawn('valgrind', ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${out}`, findBinary() ?? 'haproxy', '-db', '-f', config], { stdio: 'ignore' })
  const ended = new Promise(resolve => { proxy.once('exit', resolve) })
  try {
    await answering(port, proxy)
    await requests(port, WARM_UP)
    execFileSync('callgrind_control', ['-i', 'on', String(proxy.pid)], { stdio: 'ignore' })
    await requests(port, COUNTED)
    execFileSync('callgrind_control', ['-i', 'off', String(proxy.pid)], { stdio: 'ignore' })
  } finally {
    proxy.kill()
    await ended
  }
  return Math.round(Number(/^totals: (\d+)/m.exec(readFileSync(out, 'utf8'))?.[1]) / COUNTED)
}

async function answering(port: number, proxy: ChildProcess): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    if (proxy.exitCode !== null) throw new Error('valgrind ended')
    const open = await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
    })
    if (open) return
    await clock.sleep(100)
  }
  throw new Error('HAProxy does not answer')
}

const AGENTS = ['Mozilla/5.0 (X11; Linux) Chrome/120.0 Safari/537.36', 'Mozilla/5.0 (X11; Linux) Firefox/120.0', 'curl/8.0']

const request = (visitor: number) => `GET /shop/item/${visitor} HTTP/1.1\r\nHost: shop\r\nUser-Agent: ${AGENTS[visitor % 3]}\r\nAccept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: ${
  visitor % 4 === 0 ? 'en-GB,en' : 'nl-NL,nl'}\r\nCookie: session=${visitor * 7919}${visitor % 5 === 0 ? '; beta=1' : ''}\r\n\r\n`

/** On kept connections, one request after the other on each. */
async function requests(port: number, total: number): Promise<void> {
  let sent = 0
  await Promise.all(Array.from({ length: CONNECTIONS }, () => new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let heard = ''
    const next = () => {
      heard = ''
      if (sent >= total) { socket.end(); resolve() } else socket.write(request(1 + sent++ % 64))
    }
    socket.on('connect', next).on('error', reject).on('data', data => {
      heard += data.toString('latin1')
      if (!heard.startsWith('HTTP/1.1 200')) reject(new Error(heard))
      else if (heard.endsWith('\r\n\r\nok')) next()
    })
  })))
}
