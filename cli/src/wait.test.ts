import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClient } from '@vamp/client/client'
import { documents } from '@vamp/model/api/documents'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processIo } from './io.ts'
import { waitForDeployments } from './wait.ts'

let server: TestServer
beforeEach(async () => {
  server = await testServer()
  await openClient({ url: server.url }).call(documents.put, { body: `${readFileSync(join(import.meta.dirname, 'testdata/shop.yml'), 'utf8')}\n---\nkind: deployment\nname: shop\n` })
})
afterEach(async () => { await server[Symbol.asyncDispose]() })

/** What happens between two looks, in turn; time passes with them. */
async function wait(looks: readonly (() => unknown)[], seconds = 60): Promise<{ exit: number; said: string; looks: number }> {
  let [said, taken, now] = ['', 0, 0]
  const say = (text: string) => { said += text }
  const io = { ...processIo({}, new AbortController().signal, () => now), out: say, err: say, async sleep() { now += 1000; await looks[taken++]?.() } }
  const exit = await waitForDeployments({ client: openClient({ url: server.url }), io, options: { host: server.url } }, ['shop'], seconds)
  return { exit, said, looks: taken }
}

const since = new Date(0).toISOString()
const instances = [{ id: 'shop-web-1', cluster: 'web', service: 'web:1.0', host: '127.0.0.1', ports: { http: 21001 }, state: 'ready' as const, since }]
const ready = () => server.store.put('deployment-statuses', 'shop', { name: 'shop', services: [{ cluster: 'web', service: 'web:1.0', intention: 'Deployment', phase: 'Done', since }], instances })
const inForce = async (problem?: string) => {
  for (const name of ['shop/9050', 'shop/web/http']) await server.store.put('gateway-statuses', name, { name, deployed: problem === undefined, port: 9050, desired: {}, acknowledged: {}, ...(problem === undefined ? {} : { problem }) })
}
const told = (agent: string, ids: readonly string[]) => server.fleet.join(agent).report({ agent, driver: 'memory', acknowledged: 1, endpoints: ids.map(id => ({ id, state: 'ready', connections: 0 })), shares: [], reloads: 0 })

test('a deployment is done when every proxy leads to its instances, not already when they are ready', async () => {
  const { exit, said, looks } = await wait([
    ready, () => inForce(), () => told('a', []),
    () => { told('a', ['shop-web-1']); told('b', []) },
    () => told('b', ['shop-web-1']),
  ])

  expect([exit, said, looks]).toEqual([0, 'deployment shop is done\n', 5])
})

test('what is missing is told when the time is over', async () => {
  expect(await wait([ready, () => inForce(), () => told('a', [])], 5)).toMatchObject({ exit: 1, said: 'deployment shop is not done after 5 s: no gateway leads to shop-web-1 yet\n' })
})

test('a gateway that cannot have its port is not waited for until the end', async () => {
  const { exit, said, looks } = await wait([ready, () => inForce('port 9050 is taken')], 60)

  expect([exit, said]).toEqual([1, 'gateway shop/9050: port 9050 is taken\n'])
  expect(looks).toBeLessThan(15)
})
