/**
 * The API on its embedded database, as a server runs it.
 *
 *     node bench/api/ours.ts DIRECTORY
 */
import { join } from 'node:path'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openApi } from '@vamp/server/api/server'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { configOf } from '@vamp/server/config'
import { openMemoryDriver } from '@vamp/server/container/memory/memory-driver'
import { memoryMachine } from '@vamp/server/container/memory/memory-machine'
import { openUsageMeter } from '@vamp/server/container/usage'
import { openSqlEventLog } from '@vamp/server/event/sql/sql-event-log'
import { openFleet } from '@vamp/server/fleet/live-fleet'
import { openScalingHistory } from '@vamp/server/scaling/scaling-history'
import { openSettings } from '@vamp/server/settings/settings'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import { openTraffic } from '@vamp/server/traffic/traffic'
import { openWorkflows } from '@vamp/server/workflow/workflows'

const database = openEmbeddedDatabase({ file: join(process.argv[2] ?? '.', 'vamp.db') })
const containers = openMemoryDriver(memoryMachine({ clock }))
const events = await openSqlEventLog({ database, clock })
const config = configOf({ port: 0 })
const store = await openSqlStore(database, events)
const api = await openApi({
  config, settings: await openSettings({ store, config, log: silent }), clock, log: silent,
  store, events, fleet: openFleet({ clock }), traffic: openTraffic({ clock }), containers, usage: openUsageMeter({ driver: containers, clock }), scaling: openScalingHistory(),
  workflows: openWorkflows({ store, events, containers, clock, log: silent, random: Math.random, namespace: 'default', trusted: false }),
})
process.send?.(api.url)
process.once('disconnect', () => process.exit())
