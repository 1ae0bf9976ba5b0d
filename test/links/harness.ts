/** An agent's link to a real server over HTTP, with tables from the server or from a key-value store between the two. */
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import type { LinkHarness } from '@vamp/agent/link/contract'
import { openHttpLink } from '@vamp/agent/link/http'
import type { AgentReport } from '@vamp/agent/link/link'
import { openStore } from '@vamp/agent/link/store/open-store'
import { storeTables } from '@vamp/agent/link/store-tables'
import type { Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { openKeyedQueue } from '@vamp/server/base/keyed-queue'
import { TABLE, tableReconciler } from '@vamp/server/fleet/table-store'
import { freePort, type Program } from './programs.ts'

const AGENT = 'edge'

/** A server that can be gone and come back; what it was told stays with the test. */
async function serverEnd(port: number, between: Awaited<ReturnType<typeof openStore>> | undefined) {
  const [reports, windows]: [AgentReport[], Window[]] = [[], []]
  let server: TestServer | undefined
  let close = async () => {}
  const start = async () => {
    const started = await testServer({ port })
    server = started
    started.fleet.onReport(report => { reports.push(report) })
    started.fleet.onWindow(window => { windows.push(window) })
    close = async () => { await started[Symbol.asyncDispose]() }
    if (!between) return
    const queue = openKeyedQueue({ name: 'tables', reconciler: tableReconciler({ ...between, fleet: started.fleet, fence: () => 1, log: silent }), clock, log: silent, random: Math.random })
    started.fleet.onPublish(() => queue.wake(TABLE))
    close = async () => { await queue[Symbol.asyncDispose](); await started[Symbol.asyncDispose]() }
  }
  await start()
  return { reports, windows, start, close: () => close(), publish: (table: RoutingTable) => server?.fleet.publish(table) }
}

export async function httpHarness(program?: Program): Promise<LinkHarness> {
  const port = await freePort()
  const [here, there] = program ? [await openStore(program.address, clock), await openStore(program.address, clock)] : []
  const end = await serverEnd(port, here)
  const talk = { servers: [`http://127.0.0.1:${port}`], agent: AGENT, clock, log: silent }
  const link = there ? openHttpLink(talk, storeTables({ ...there, clock, log: silent })) : openHttpLink(talk)
  return {
    link, agent: AGENT, publish: end.publish, reports: () => end.reports, windows: () => end.windows,
    async die() { await program?.die(); await end.close() },
    async comeBack() { await program?.comeBack(); await end.start() },
    async close() {
      await link[Symbol.asyncDispose]()
      await end.close()
      await Promise.all([here, there].map(opened => opened?.store[Symbol.asyncDispose]()))
      await program?.close()
    },
  }
}
