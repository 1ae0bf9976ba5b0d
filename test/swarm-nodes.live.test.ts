/** A Swarm of two machines that this one pretends to be: network namespaces on one bridge, each with a name and a Docker engine of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ANSWER, HOST_PATHS, IMAGE } from '@vamp/server/container/docker/testdata/test-engine'
import { expect, onTestFinished, test } from 'vitest'
import { startPrivateDockerd, whyNoDockerd } from '../tools/private-dockerd.ts'

const VAMP = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url))
const NETWORK = '10.231.77'
const [PORT, GATEWAY] = [8097, 9077]
const missing = whyNoDockerd()

test.skipIf(missing !== undefined)(`what runs on a drained node moves to the other one, and no visitor notices${missing === undefined ? '' : ` (skipped: ${missing})`}`, { timeout: 240_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-swarm-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const bridge = openBridge()
  const manager = await openNode(directory, bridge, 'manager', 11)
  const worker = await openNode(directory, bridge, 'worker', 12)
  manager.docker('swarm', 'init', '--advertise-addr', manager.address, '--listen-addr', `${manager.address}:2377`)
  worker.docker('swarm', 'join', '--advertise-addr', worker.address, '--listen-addr', `${worker.address}:2377`, '--token', manager.docker('swarm', 'join-token', '-q', 'worker'), `${manager.address}:2377`)
  await startServer(directory, manager.socket)
  writeFileSync(join(directory, 'shop.yml'), SHOP)
  await vamp('apply', '-f', join(directory, 'shop.yml'), '--wait')
  const spread = await nodesOf()
  const visitor = visit()

  await vamp('node', 'drain', 'worker')
  await until('all of it runs on the manager', async () => (await nodesOf()).join() === 'manager,manager,manager,manager')
  await sleep(2000)

  expect(new Set(spread)).toEqual(new Set(['manager', 'worker']))
  expect(worker.docker('ps', '-q')).toBe('')
  const { requests, failed } = await visitor.stop()
  expect(requests).toBeGreaterThan(100)
  expect(failed).toEqual([])
})

const SHOP = `kind: breed
name: web:1.0
deployable: { type: container/docker, definition: "${IMAGE}" }
ports: { web: 8080/http }
health_checks: [{ path: /, port: web, initial_delay: 1s, interval: 2s, timeout: 2s, failures: 3 }]
---
kind: blueprint
name: shop
gateways: { ${GATEWAY}: web/web }
clusters:
  web:
    services:
      - breed: web:1.0
        scale: { cpu: 0.05, memory: 64MB, instances: 4 }
        dialects: { swarm: { TaskTemplate: { ContainerSpec: ${JSON.stringify({ Command: ['/bin/sh', '-c', ANSWER], Mounts: HOST_PATHS.map(path => ({ Type: 'bind', Source: path, Target: path, ReadOnly: true })) })} } } }
`

const run = (program: string, ...words: readonly string[]) => execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

function openBridge(): string {
  const name = `vamp${process.pid % 100_000}`
  run('ip', 'link', 'add', name, 'type', 'bridge')
  onTestFinished(() => { run('ip', 'link', 'del', name) })
  run('ip', 'address', 'add', `${NETWORK}.1/24`, 'dev', name)
  run('ip', 'link', 'set', name, 'up')
  return name
}

async function openNode(directory: string, bridge: string, name: string, number: number) {
  const space = `${bridge}-${name}`
  const [outer, inner] = [`${bridge}v${number}`, `${bridge}i${number}`]
  const address = `${NETWORK}.${number}`
  run('ip', 'netns', 'add', space)
  onTestFinished(() => { run('ip', 'netns', 'del', space) })
  run('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', space)
  run('ip', 'link', 'set', outer, 'master', bridge, 'up')
  for (const words of [['link', 'set', 'lo', 'up'], ['address', 'add', `${address}/24`, 'dev', inner], ['link', 'set', inner, 'up']]) run('ip', '-n', space, ...words)
  const dockerd = await startPrivateDockerd(join(directory, name), ['nsenter', `--net=/run/netns/${space}`, 'unshare', '--uts', 'sh', '-c', `hostname ${name}; exec "$@"`, 'sh'])
  const docker = (...words: readonly string[]) => run('docker', '--host', `unix://${dockerd.socket}`, ...words)
  onTestFinished(async () => {
    docker('swarm', 'leave', '--force')
    await dockerd.stop()
  })
  run('sh', '-c', `mkdir -p ${directory}/root/bin && tar -C ${directory}/root -c . | docker --host unix://${dockerd.socket} import - ${IMAGE}`)
  return { address, socket: dockerd.socket, docker }
}

async function startServer(directory: string, socket: string): Promise<void> {
  const server: ChildProcess = spawn(process.execPath, [VAMP, 'up', '--port', String(PORT), '--data', join(directory, 'data'), '--gateway', 'embedded', '--containers', 'swarm', '--docker', `unix://${socket}`, '--on-exit', 'stop'], { stdio: 'ignore' })
  onTestFinished(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  })
  await until('the server is ready', async () => (await fetch(`http://127.0.0.1:${PORT}/api/v1/health/ready`)).ok)
}

async function vamp(...words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [VAMP, ...words], { env: { ...process.env, VAMP_HOST: `http://127.0.0.1:${PORT}` }, stdio: ['ignore', 'inherit', 'inherit'] })
  expect(await once(child, 'exit')).toEqual([0, null])
}

/** Of every instance that there is, in order. */
async function nodesOf(): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${PORT}/api/v1/instances?per_page=100`)
  return ((await response.json()) as readonly { readonly node?: string }[]).map(({ node = '' }) => node).sort()
}

function visit() {
  const failed: string[] = []
  let requests = 0
  let running = true
  const visiting = (async () => {
    for (; running; await sleep(20)) {
      requests++
      const status = await fetch(`http://127.0.0.1:${GATEWAY}/`, { signal: AbortSignal.timeout(5000) }).then(async answer => { await answer.text(); return answer.status }, String)
      if (status !== 200) failed.push(String(status))
    }
  })()
  return { async stop() { running = false; await visiting; return { requests, failed } } }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tried = 0; tried < 900; tried++) {
    if (await holds().catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`never: ${what}`)
}
