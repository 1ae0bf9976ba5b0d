/**
 * The deployment side of a server with a real database and real processes, to be killed: `DIRECTORY SERVICES`.
 * Says `up` when it begins and `settled` when everything is as wanted.
 */
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { openKeyedQueue } from '../../base/keyed-queue.ts'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { withHealth } from '../../container/health.ts'
import { openProcessDriver } from '../../container/process/process-driver.ts'
import { openSqlEventLog } from '../../event/sql/sql-event-log.ts'
import { openFleet } from '../../fleet/live-fleet.ts'
import { openSqlStore } from '../../store/sql/sql-store.ts'
import { deploymentReconciler } from '../reconciler.ts'
import { deploymentOf, type Service } from './world.ts'

const [directory = '', services = '[]'] = process.argv.slice(2)
const wanted = JSON.parse(services) as Service[]
const clock = systemClock
const database = openEmbeddedDatabase({ file: join(directory, 'vamp.db') })
const events = await openSqlEventLog({ database, clock })
const store = await openSqlStore(database, events)
const fleet = openFleet({ clock })
const link = fleet.join('agent')
const driver = withHealth(openProcessDriver({ directory, clock, log: silent, cwd: directory, environment: { PATH: '/usr/bin:/bin' } }), { clock })
const reconciler = deploymentReconciler({ store, events, fleet, driver, clock, log: silent, settings: { drainMs: 2000, graceMs: 2000 } })
const queue = openKeyedQueue({ name: 'deployments', reconciler, clock, log: silent, random: () => 0.5 })
reconciler.watch(name => queue.wake(name))

/** An agent that carries what the status says, at once, without a connection to anybody. */
async function carry(): Promise<void> {
  const status = await store.get('deployment-statuses', 'shop')
  const endpoints = (status?.value.instances ?? []).flatMap(({ id, state }) => state === 'ready' || state === 'draining' ? [{ id, state, connections: 0 }] : [])
  link.report({ agent: 'agent', driver: 'memory', acknowledged: 1, endpoints, shares: {}, reloads: 0 })
  const { services = [], instances = [] } = status?.value ?? {}
  const ready = instances.filter(({ state }) => state === 'ready').length
  const count = wanted.reduce((sum, service) => sum + (service.intention === 'Undeployment' ? 0 : service.instances), 0)
  if (services.every(({ phase }) => phase === 'Done') && ready === count && instances.length === count) process.stdout.write('settled\n')
}

process.stdout.write('up\n')
store.watch(({ kind }) => { if (kind === 'deployment-statuses') void carry() })
if (wanted.length > 0) await store.put('deployments', 'shop', deploymentOf('shop', wanted))
for (const name of await reconciler.names()) queue.wake(name)
await carry()
await clock.sleep(120_000)
