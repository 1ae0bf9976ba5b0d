import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { whyNoDockerd } from '../../../../tools/private-dockerd.ts'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openDockerClient } from './docker-client.ts'
import { openDockerDriver } from './docker-driver.ts'
import { registryCredentials } from './registry-credentials.ts'
import { ANSWER, HOST_PATHS, IMAGE, removeAll, SERVE, startTestEngine, type TestEngine, until } from './testdata/test-engine.ts'
import { startTestRegistry, whyNoRegistry } from './testdata/test-registry.ts'

const missing = whyNoDockerd()
let engine: TestEngine
let number = 0

const HOST_PROGRAMS = { Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) }
const shell = (script: string, id: string, changes: Partial<Workload> = {}): Workload => ({
  ...TEST_WORKLOAD, deployable: { type: 'container/docker', definition: IMAGE }, id, ...changes,
  dialect: { Cmd: ['/bin/sh', '-c', script], HostConfig: HOST_PROGRAMS, ...changes.dialect },
})
const docker = (...words: string[]) => engine.docker(...words)
const openOwned = (owner: string, credentials?: (image: string) => Promise<string | undefined>) =>
  openDockerDriver({ address: { host: engine.host }, owner, clock: systemClock, log: silent, ...(credentials ? { credentials } : {}) })

describe.skipIf(missing !== undefined)(`docker${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => { engine = await startTestEngine() })
  afterAll(async () => { await engine.stop() })

  async function open(): Promise<ContainerHarness> {
    const owner = `t${number++}`
    let driver = await openOwned(owner)
    const copies = (id: string) => docker('ps', '-q', '--filter', `name=^vamp-${owner}-${id}$`).split('\n').filter(Boolean)
    return {
      driver,
      serving: (id, changes) => shell(SERVE, id, changes),
      failing: id => shell('exit 3', id),
      async restart() { await driver[Symbol.asyncDispose](); driver = await openOwned(owner); return driver },
      async crash(id) { docker('kill', ...copies(id)) },
      until,
      copies: async id => copies(id).length,
      close: () => removeAll(driver),
    }
  }

  containerContract('docker', open)

  async function place(owner = `t${number++}`, credentials?: (image: string) => Promise<string | undefined>): Promise<{ owner: string; driver: ContainerDriver }> {
    const driver = await openOwned(owner, credentials)
    onTestFinished(() => removeAll(driver))
    return { owner, driver }
  }

  test('an instance is reached at its own address, at the port of its breed', async () => {
    const { driver } = await place()
    await driver.start(shell(ANSWER, 'one'))

    const [seen] = await driver.observe()
    expect(seen).toMatchObject({ ports: { web: 8080 }, host: expect.stringMatching(/^172\.29\./) })
    await until(() => fetch(`http://${seen?.host}:8080/`).then(answer => answer.text()).then(text => text === 'one', () => false))
  })

  test('an image that cannot be pulled is said so, by name', async () => {
    const { driver } = await place()

    await expect(driver.start({ ...shell(SERVE, 'one'), deployable: { type: 'docker', definition: '127.0.0.1:1/none:1' } })).rejects.toMatchObject({ code: 'container_failed', message: expect.stringContaining('image 127.0.0.1:1/none:1 cannot be pulled') })

    expect(await driver.observe()).toEqual([])
  })

  test.skipIf(whyNoRegistry() !== undefined)('an image is pulled with the credentials of its registry, and tells how far it is; without them it is refused in words', async () => {
    const registry = await startTestRegistry()
    onTestFinished(() => registry.stop())
    const image = `${registry.host}/shop:1`
    docker('tag', IMAGE, image)
    docker('--config', registry.signedIn, 'push', image)
    docker('rmi', image)
    const start = (driver: ContainerDriver, definition: string) => driver.start({ ...shell(SERVE, 'one'), deployable: { type: 'docker', definition } })
    const stranger = await place(`t${number++}`, registryCredentials(join(registry.stranger, 'config.json')))
    const { driver } = await place(`t${number++}`, registryCredentials(join(registry.signedIn, 'config.json')))
    const told: (string | undefined)[] = []
    driver.watch(() => { void driver.observe().then(([seen]) => told.push(seen?.reason)) })

    await expect(start(stranger.driver, image)).rejects.toMatchObject({ code: 'image_not_found', message: expect.stringContaining('docker login') })
    await expect(start(driver, `${registry.host}/none:1`)).rejects.toMatchObject({ code: 'image_not_found', message: expect.stringContaining(`image not found: ${registry.host}/none:1`) })
    await start(driver, image)

    expect(await driver.observe()).toMatchObject([{ id: 'one', state: 'running' }])
    expect(told).toContainEqual(expect.stringMatching(`image ${image} is being pulled`))
  })

  test('what another installation, or a person, runs on the same engine is not seen', async () => {
    const mine = await place()
    const other = await place()
    await other.driver.start(shell(SERVE, 'one'))
    docker('run', '-d', '--name', 'stranger', ...HOST_PROGRAMS.Binds.flatMap(bind => ['-v', bind]), IMAGE, '/bin/sleep', '1000')
    onTestFinished(() => { docker('rm', '-f', 'stranger') })

    await mine.driver.start(shell(SERVE, 'one'))
    await mine.driver.stop('one', 1000)

    expect(await mine.driver.observe()).toEqual([])
    expect(await other.driver.observe()).toMatchObject([{ id: 'one', state: 'running' }])
    expect(docker('ps', '-q', '--filter', 'name=stranger')).not.toBe('')
  })

  test('a container that was created and never started is seen as ended, and can be started or removed', async () => {
    const { driver, owner } = await place()
    await driver.start(shell(SERVE, 'one'))
    await driver.stop('one', 1000)
    const labels = { deployment: 'shop', cluster: 'web', service: 'web:1.0', instance: 'one', digest: 'd1', owner }
    docker('create', '--name', `vamp-${owner}-one`, ...Object.entries(labels).flatMap(([name, value]) => ['--label', `io.vamp.${name}=${value}`]), ...HOST_PROGRAMS.Binds.flatMap(bind => ['-v', bind]), IMAGE, '/bin/sleep', '1000')
    await until(async () => (await driver.observe())[0]?.state === 'exited')

    await driver.start(shell(SERVE, 'one'))

    expect(await driver.observe()).toMatchObject([{ id: 'one', state: 'running' }])
  })

  test('CPU, memory, environment and labels are what the workload says; a paused container is not healthy', async () => {
    const { driver, owner } = await place()
    await driver.start(shell(SERVE, 'one', { cpu: 0.5, memory: 100, environment: { COLOUR: 'red' }, dialect: { Labels: { team: 'a', 'io.vamp.digest': 'forged' } } }))

    const name = `vamp-${owner}-one`
    expect(docker('inspect', '-f', '{{.HostConfig.CpuShares}} {{.HostConfig.Memory}} {{index .Config.Labels "team"}} {{index .Config.Labels "io.vamp.digest"}}', name)).toBe('512 100000000 a d1')
    expect(docker('inspect', '-f', '{{.Config.Env}}', name)).toContain('COLOUR=red')
    docker('pause', name)
    await until(async () => (await driver.observe())[0]?.reason === 'is paused')
    docker('unpause', name)
    await until(async () => (await driver.observe())[0]?.health === 'healthy')
  })

  test('an engine that was killed and started again is found again', async () => {
    const { driver } = await place()
    await driver.start(shell(SERVE, 'one'))

    await engine.restart()

    await until(async () => (await driver.observe().catch(() => []))[0]?.state === 'exited')
    await driver.stop('one', 1000)
    await driver.start(shell(SERVE, 'one'))
    expect(await driver.observe()).toMatchObject([{ id: 'one', state: 'running' }])
  })

  test('an engine that is not there is said so', async () => {
    await expect(openDockerClient({ host: 'unix:///nowhere/docker.sock' })).rejects.toMatchObject({ code: 'container_unavailable' })
  })
})
