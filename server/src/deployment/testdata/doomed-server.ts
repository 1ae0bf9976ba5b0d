/**
 * The deployment side of a server with a real database and real processes or containers, to be killed:
 * `DIRECTORY SERVICES process`, or `DIRECTORY SERVICES docker HOST`.
 * Says `up` when it begins, `settled` when everything is as wanted, and `empty` when nothing is left.
 */
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import type { Deployment } from '@vamp/model/deployment'
import { openKeyedQueue } from '../../base/keyed-queue.ts'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import type { ContainerDriver } from '../../container/container-driver.ts'
import { HOST_PATHS, IMAGE } from '../../container/docker/testdata/test-engine.ts'
import { withHealth } from '../../container/health.ts'
import { openSqlEventLog } from '../../event/sql/sql-event-log.ts'
import { openFleet } from '../../fleet/live-fleet.ts'
import { openSqlStore } from '../../store/sql/sql-store.ts'
import { deploymentReconciler } from '../reconciler.ts'
import { deploymentOf, type Service } from './world.ts'

const [directory = '', services = '[]', kind = 'process', host = ''] = process.argv.slice(2)
const wanted = JSON.parse(services) as Service[]
const clock = systemClock
const database = openEmbeddedDatabase({ file: join(directory, 'vamp.db') })
const store = await openSqlStore(database)
const events = await openSqlEventLog({ database, clock })
const fleet = openFleet({ clock })
const link = fleet.join('agent')
const driver = withHealth(await openDriver(), { clock })
const reconciler = deploymentReconciler({ store, events, fleet, driver, clock, log: silent, settings: { drainMs: 2000, graceMs: 2000 } })
const queue = openKeyedQueue({ name: 'deployments', reconciler, clock, log: silent, random: () => 0.5 })
reconciler.watch(name => queue.wake(name))

async function openDriver(): Promise<ContainerDriver> {
  if (kind === 'docker') {
    const { openDockerDriver } = await import('../../container/docker/docker-driver.ts')
    return openDockerDriver({ address: { host }, owner: 'doomed', network: 'host', clock, log: silent })
  }
  const { openProcessDriver } = await import('../../container/process/process-driver.ts')
  return openProcessDriver({ directory, clock, log: silent, cwd: directory, environment: { PATH: '/usr/bin:/bin' } })
}

/** As an image, what would be a command. */
function contained(deployment: Deployment): Deployment {
  if (kind !== 'docker') return deployment
  return {
    ...deployment,
    clusters: deployment.clusters.map(cluster => ({
      ...cluster,
      services: cluster.services.map(service => ({
        ...service, breed: { ...service.breed, deployable: { type: 'docker', definition: IMAGE } },
        dialects: { docker: { Cmd: ['/bin/sh', '-c', `trap "exit 0" TERM; ${service.breed.deployable.definition} & wait`], HostConfig: { Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) } } },
      })),
    })),
  }
}

/** An agent that carries what the status says, at once, without a connection to anybody. */
async function carry(): Promise<void> {
  const status = await store.get('deployment-statuses', 'shop')
  const endpoints = (status?.value.instances ?? []).flatMap(({ id, state }) => state === 'ready' || state === 'draining' ? [{ id, state, connections: 0 }] : [])
  link.report({ agent: 'agent', driver: 'memory', acknowledged: 1, endpoints, shares: [], reloads: 0 })
  const { services = [], instances = [] } = status?.value ?? {}
  const ready = instances.filter(({ state }) => state === 'ready').length
  const count = wanted.reduce((sum, service) => sum + (service.intention === 'Undeployment' ? 0 : service.instances), 0)
  const seen = await driver.observe().catch(() => undefined)
  if (!seen) return
  // What the status says may be of before; nothing is left to look at, and it runs.
  if (queue.size > 0) return
  if (services.every(({ phase }) => phase === 'Done') && ready === count && instances.length === count && seen.filter(({ state }) => state === 'running').length === count) process.stdout.write('settled\n')
  if (!status && seen.length === 0) process.stdout.write('empty\n')
}

process.stdout.write('up\n')
store.watch(({ kind }) => { if (kind === 'deployment-statuses') void carry() })
if (wanted.length > 0) await store.put('deployments', 'shop', contained(deploymentOf('shop', wanted)))
for (const name of await reconciler.names()) queue.wake(name)
for (const end = clock.monotonic() + 120_000; clock.monotonic() < end; await clock.sleep(500)) await carry()
