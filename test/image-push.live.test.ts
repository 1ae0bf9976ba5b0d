/** A real registry that tells of a real push. */
import { setTimeout as sleep } from 'node:timers/promises'
import { testServer } from '@vamp/server/api/testdata/test-server'
import { IMAGE, startTestEngine } from '@vamp/server/container/docker/testdata/test-engine'
import { startTestRegistry, whyNoRegistry } from '@vamp/server/container/docker/testdata/test-registry'
import { expect, test } from 'vitest'
import { whyNoDockerd } from '../tools/private-dockerd.ts'

const SECRET = 'a-secret-of-the-registry'
const missing = whyNoDockerd() ?? whyNoRegistry()

test.skipIf(missing !== undefined)(`docker push begins a release where a cluster has a policy for it${missing === undefined ? '' : ` (skipped: ${missing})`}`, async () => {
  await using server = await testServer({ auth: 'on', imagePushSecret: SECRET })
  const engine = await startTestEngine()
  const registry = await startTestRegistry(`${server.url}/api/v1/image-pushes?secret=${SECRET}`)
  try {
    const image = `${registry.host}/shop/web`
    const body = `name: shop\nclusters:\n  web: {metadata: {image_push: {image: "${image}", tags: "1.*"}}, services: [{breed: {name: "web:1.0", deployable: {type: docker, definition: "${image}:1.0"}, ports: {http: 80/http}}, scale: {cpu: 1, memory: 64MB, instances: 1}}]}\n`
    expect((await server.ask('/deployments', { method: 'POST', body, headers: { Authorization: `Bearer ${server.firstToken}` } })).status).toBe(202)

    engine.docker('tag', IMAGE, `${image}:1.1`)
    engine.docker('--config', registry.signedIn, 'push', `${image}:1.1`)

    for (let tried = 0; tried < 200 && !await server.store.get('releases', 'shop-web-1.1'); tried++) await sleep(100)
    expect((await server.store.get('releases', 'shop-web-1.1'))?.value).toMatchObject({ deployment: 'shop', cluster: 'web', to: ['web:1.1'] })
  } finally {
    await registry.stop()
    await engine.stop()
  }
})
