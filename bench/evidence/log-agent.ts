/**
 * An agent's way from the log to the server, in a process of its own so that its time can be told apart: the listener that HAProxy
 * connects to, windows, and their delivery over HTTP. Everything but the proxy itself is the agent's own code.
 *
 *     node bench/evidence/log-agent.ts SERVER ROUTES
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openHttpLink } from '@vamp/agent/link/http'
import { openLogListener } from '@vamp/agent/proxy/haproxy/log-listener'
import { nameHash } from '@vamp/agent/proxy/haproxy/log-line'
import { openDelivery } from '@vamp/agent/traffic/delivery'
import { memorySequence } from '@vamp/agent/traffic/sequence'
import { openWindows } from '@vamp/agent/traffic/windows'
import { INSTANCES, type Measured } from './log-load.ts'

/** As often as the agent closes seconds. */
const CLOSE_MS = 1000

const [server = '', routes = '1'] = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-log-'))
process.once('exit', () => rmSync(directory, { recursive: true }))
const servers = new Map(Array.from({ length: INSTANCES }, (_, index) => [nameHash(`s${index}`), `shop-web-${index}`]))
const names = {
  gateways: Array.from({ length: Number(routes) }, (_, index) => `shop/web${index}`),
  backends: Array.from({ length: Number(routes) }, (_, index) => ({ gateway: `shop/web${index}`, route: `shop/web${index}/web:1.0/http`, servers })),
}
const windows = openWindows(clock.now())
const delivery = openDelivery({ agent: 'bench', link: openHttpLink({ servers: [server], agent: 'bench', clock, log: silent }), sequence: memorySequence(), clock, log: silent })
let lines = 0
const listener = await openLogListener({ directory, clock, names: () => names, onSamples(samples, dropped) { windows.add(samples, dropped); lines += samples.length }, onCopy() {} })
listener.open()
setInterval(() => delivery.add(windows.close(clock.now())), CLOSE_MS)
process.on('message', () => process.send?.({ lines, cpuMicroseconds: process.cpuUsage().user + process.cpuUsage().system } satisfies Measured))
process.once('disconnect', () => process.exit())
process.send?.(listener.door.port)
