/**
 * An agent's way from the log to the server, in a process of its own so that its time can be told apart: the reader of HAProxy's
 * log, windows, and their delivery over HTTP. Everything but the proxy itself is the agent's own code.
 *
 *     node bench/evidence/log-agent.ts SERVER DIRECTORY ROUTES
 */
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openHttpLink } from '@vamp/agent/link/http'
import { nameHash } from '@vamp/agent/proxy/haproxy/log-line'
import { openLogReader } from '@vamp/agent/proxy/haproxy/log-reader'
import { openDelivery } from '@vamp/agent/traffic/delivery'
import { memorySequence } from '@vamp/agent/traffic/sequence'
import { openWindows } from '@vamp/agent/traffic/windows'
import { INSTANCES, type Measured } from './log-load.ts'

/** As often as the agent closes seconds. */
const CLOSE_MS = 1000

const [server = '', directory = '', routes = '1'] = process.argv.slice(2)
const place = (index: number, route = `shop/web${index}/web:1.0/http`, instance = '') => ({ gateway: `shop/web${index}`, route, instance })
const names = {
  gateways: Array.from({ length: Number(routes) }, (_, index) => place(index, '')),
  backends: Array.from({ length: Number(routes) }, (_, index) => ({
    route: place(index), servers: new Map(Array.from({ length: INSTANCES }, (_, instance) => [nameHash(`shop-web-${instance}`), place(index, undefined, `shop-web-${instance}`)])),
  })),
}
const windows = openWindows(clock.now())
const delivery = openDelivery({ agent: 'bench', link: openHttpLink({ servers: [server], agent: 'bench', clock, log: silent }), sequence: memorySequence(), clock, log: silent, account: { begun: undefined, begin: window => reader.account.begin(window) } })
let lines = 0
const reader = await openLogReader({ directory, clock, log: silent, names: () => names, onSamples(samples, dropped) { windows.add(samples, dropped); lines += samples.length }, onCopy() {} })
reader.open()
setInterval(() => delivery.add(windows.close(clock.now())), CLOSE_MS)
process.on('message', () => process.send?.({ lines, cpuMicroseconds: process.cpuUsage().user + process.cpuUsage().system } satisfies Measured))
process.once('disconnect', () => process.exit())
