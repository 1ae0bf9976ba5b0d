import type { Deployment } from '@vamp/model/deployment'
import { expect, test } from 'vitest'
import { deploymentOf } from '../deployment/testdata/world.ts'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import { openDraft } from './draft.ts'
import { Refused } from './refused.ts'
import { demandRunnable } from './runtime-gap.ts'

const processes = { driver: 'process', deployables: ['process', 'command', 'cmd'] }
const engine = { driver: 'docker', deployables: ['container/docker', 'docker'] }

const shop = (type: string, ...breeds: string[]): Deployment => {
  const plain = deploymentOf('shop', breeds.map(breed => ({ cluster: 'web', breed, instances: 1 })))
  return { ...plain, clusters: plain.clusters.map(cluster => ({ ...cluster, services: cluster.services.map(service => ({ ...service, breed: { ...service.breed, deployable: { type, definition: 'x' } } })) })) }
}

async function written(containers: typeof processes, after: Deployment, before?: Deployment): Promise<string | undefined> {
  const store = openMemoryStore()
  if (before) await store.put('deployments', 'shop', before)
  const draft = openDraft(store)
  await draft.put('deployments', after, 'any')
  return demandRunnable({ containers: containers as never, store }, draft).then(() => undefined, (error: unknown) => error instanceof Refused ? error.message : String(error))
}

test('an image is refused where processes run, a program where containers do, each with the way out', async () => {
  expect(await written(processes, shop('docker', 'web:1'))).toBe("Service 'web:1' of cluster 'web' would never run: the process driver does not run “docker”; it runs process, command, cmd; for images, start the server with vamp up --containers docker.")
  expect(await written(engine, shop('command', 'web:1'))).toContain('vamp up --containers process')
  expect(await written(engine, shop('lambda', 'web:1'))).toContain('does not run “lambda”; it runs container/docker, docker.')
  expect(await written(processes, shop('process', 'web:1'))).toBeUndefined()
})

test('what is deployed already may be changed and taken away; a service that comes to it may not', async () => {
  expect(await written(processes, shop('docker', 'web:1'), shop('docker', 'web:1', 'web:2'))).toBeUndefined()
  expect(await written(processes, shop('docker', 'web:1', 'web:2'), shop('docker', 'web:1'))).toContain("Service 'web:2'")
})
