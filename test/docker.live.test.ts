/** Containers by the options of the real command line: a Docker engine of our own, the shop as an image, a server that is killed, another that takes over. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ensureShopImage, SHOP_IMAGE } from '@vamp/cli/demo/shop-image'
import { openClient } from '@vamp/client/client'
import { contract } from '@vamp/model/api/contract'
import { openDockerClient } from '@vamp/server/container/docker/docker-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type PrivateDockerd, startPrivateDockerd, whyNoDockerd } from '../tools/private-dockerd.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VAMP = join(ROOT, 'cli/src/main.ts')
const SHOP = join(ROOT, 'examples/shop')
const missing = whyNoDockerd()
/** By which images for the original's workflows find their server. */
const INJECTED = [
  'VAMP_URL', 'VAMP_NAMESPACE', 'VAMP_KEY_VALUE_STORE_TYPE', 'VAMP_KEY_VALUE_STORE_CONNECTION', 'VAMP_KEY_VALUE_STORE_PATH', 'VAMP_KEY_VALUE_STORE_TOKEN', 'VAMP_WORKFLOW_EXECUTION_PERIOD', 'VAMP_WORKFLOW_EXECUTION_TIMEOUT',
  'VAMP_ELASTICSEARCH_URL', 'VAMP_PULSE_ELASTICSEARCH_URL', 'VAMP_WORKFLOW_DATA', 'VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_TYPE', 'VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_INDEX',
]
/** Tells what it finds, and ends when it is told so. */
const LONG_WORKFLOW = `
const env = process.env
console.log(Object.keys(env).join(' '))
console.log(env.VAMP_URL, env.VAMP_NAMESPACE, env.VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_TYPE, env.VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_INDEX)
console.log(Buffer.from(env.VAMP_WORKFLOW_DATA, 'base64').toString())
const look = async () => { const answer = await fetch(env.VAMP_URL + '/api/v1/workflows/long/state/end').catch(() => undefined); if (answer?.ok) console.log('done'); else setTimeout(look, 200) }
look()`

describe.skipIf(missing !== undefined)(`with a Docker engine${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let directory: string
  let dockerd: PrivateDockerd
  const children: ChildProcess[] = []
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'vamp-docker-'))
    dockerd = await startPrivateDockerd(join(directory, 'dockerd'))
  })
  afterEach(async () => { for (const child of children.splice(0)) await kill(child) })
  afterAll(async () => {
    await dockerd.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  async function up(port: number, ...flags: string[]): Promise<ChildProcess> {
    const args = ['up', '--port', String(port), '--data', join(directory, 'data'), '--gateway', 'embedded', '--containers', 'docker', '--docker', `unix://${dockerd.socket}`, ...flags]
    const child = spawn(process.execPath, [VAMP, ...args], { cwd: ROOT, stdio: 'ignore' })
    children.push(child)
    await until('the server is ready', async () => (await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`)).ok)
    return child
  }

  test('the shop runs in containers; a server after a kill keeps them; one that is told to stop leaves none', async () => {
    const host = `unix://${dockerd.socket}`
    expect([await ensureShopImage(host, join(SHOP, 'shop.ts')), await ensureShopImage(host, join(SHOP, 'shop.ts'))]).toEqual([true, false])
    await using docker = await openDockerClient({ host })
    const containers = async () => (await docker.call<readonly { Id: string }[]>('GET', '/containers/json', { query: { all: true } })).value.map(({ Id }) => Id).toSorted()
    const [port, gateway] = [await freePort(), await freePort()]
    const answers = async () => (await fetch(`http://127.0.0.1:${gateway}/`)).headers.get('x-shop-version') === '1.0'
    const file = join(directory, 'shop.yml')
    writeFileSync(file, readFileSync(join(SHOP, 'docker/1-shop.yml'), 'utf8').replace('9050:', `${gateway}:`))

    const first = await up(port)
    await vamp(port, 'apply', '-f', file, '--wait')
    await until('the shop answers', answers)
    const started = await containers()
    await kill(first)
    const second = await up(port, '--on-exit', 'stop')
    await until('the shop answers again', answers)
    const kept = await containers()
    second.kill('SIGTERM')
    await once(second, 'exit')

    expect(started).toHaveLength(2)
    expect(kept).toEqual(started)
    expect(await containers()).toEqual([])
  })

  test('a workflow in a container finds the environment of the original, outlives its server, and its run goes on with the next one', async () => {
    const host = `unix://${dockerd.socket}`
    await ensureShopImage(host, join(SHOP, 'shop.ts'))
    await using docker = await openDockerClient({ host })
    const containers = async () => (await docker.call<readonly { Id: string; State: string }[]>('GET', '/containers/json', { query: { all: true } })).value.map(({ Id, State }) => [Id, State])
    const port = await freePort()
    const client = openClient({ url: `http://127.0.0.1:${port}` })
    const runs = async () => (await client.call(contract.workflows.runs, { path: { name: 'long' } })).data
    const printed = async () => (await client.call(contract.workflows.getRun, { path: { name: 'long', run: (await runs())[0]?.id ?? '' } })).data.log.map(({ line }) => line)

    // What the test before asked for is another installation's.
    const data = ['--data', join(directory, 'long')]
    const first = await up(port, ...data)
    await client.call(contract.workflows.put, { path: { name: 'long' }, body: {
      name: 'long', schedule: { event: ['begin'] }, network: 'host', breed: { name: 'long', deployable: { type: 'container/docker', definition: SHOP_IMAGE } }, dialects: { docker: { Entrypoint: ['/node'], Cmd: ['-e', LONG_WORKFLOW] } },
    } })
    await until('it is armed', async () => (await client.call(contract.workflows.getStatus, { path: { name: 'long' } })).data === 'running')
    await client.call(contract.events.publish, { body: { tags: ['begin'], value: 'hello' } })
    await until('it has begun', async () => (await printed()).length === 3)
    const [before, [record]] = [await containers(), await runs()]
    await kill(first)
    await up(port, ...data, '--on-exit', 'stop')
    await until('the next server has found it', async () => (await printed()).length === 3)
    const [after, [same]] = [await containers(), await runs()]
    await fetch(`${client.url}/api/v1/workflows/long/state/end`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: 'true' })
    await until('it is done', async () => (await runs())[0]?.state === 'succeeded')

    const lines = await printed()
    expect([before.map(([, state]) => state), after]).toEqual([['running'], before])
    expect(same).toMatchObject({ id: record?.id, key: record?.key, started: record?.started, state: 'running', attempts: 1 })
    expect(lines[0]?.split(' ')).toEqual(expect.arrayContaining(INJECTED))
    expect(lines.slice(1, 3)).toEqual([`http://127.0.0.1:${port} default log vamp-vga-default-*`, expect.stringContaining('"value":"hello"')])
    expect([lines[3], lines.length, (await runs()).length, await containers()]).toEqual(['done', 4, 1, []])
  })

  async function vamp(port: number, ...args: string[]): Promise<void> {
    const child = spawn(process.execPath, [VAMP, ...args], { cwd: ROOT, env: { ...process.env, VAMP_HOST: `http://127.0.0.1:${port}` }, stdio: ['ignore', 'inherit', 'inherit'] })
    children.push(child)
    expect(await once(child, 'exit')).toEqual([0, null])
  }
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`never: ${what}`)
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}
