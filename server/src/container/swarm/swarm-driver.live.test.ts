import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { whyNoDockerd } from '../../../../tools/private-dockerd.ts'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { ANSWER, HOST_PATHS, IMAGE, removeAll, SERVE, startTestEngine, type TestEngine, until } from '../docker/testdata/test-engine.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openSwarmDriver } from './swarm-driver.ts'

const missing = whyNoDockerd()
let engine: TestEngine
let number = 0

const Mounts = HOST_PATHS.map(path => ({ Type: 'bind', Source: path, Target: path, ReadOnly: true }))
const shell = (script: string, id: string, changes: Partial<Workload> = {}): Workload => ({
  ...TEST_WORKLOAD, deployable: { type: 'container/docker', definition: IMAGE }, id, ...changes,
  dialect: { TaskTemplate: { ContainerSpec: { Command: ['/bin/sh', '-c', script], Mounts }, ...changes.dialect?.['TaskTemplate'] as object } },
})
const docker = (...words: string[]) => engine.docker(...words)
const openOwned = (owner: string) => openSwarmDriver({ address: { host: engine.host }, owner, clock: systemClock, log: silent })

describe.skipIf(missing !== undefined)(`swarm${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    engine = await startTestEngine()
    await expect(openOwned('early')).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('docker swarm init') })
    docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377')
  })
  afterAll(async () => {
    docker('swarm', 'leave', '--force')
    await engine.stop()
  })

  const containersOf = (owner: string, id: string) => docker('ps', '-q', '--filter', `label=io.vamp.owner=${owner}`, '--filter', `label=io.vamp.instance=${id}`).split('\n').filter(Boolean)

  async function open(): Promise<ContainerHarness> {
    const owner = `t${number++}`
    let driver = await openOwned(owner)
    return {
      driver,
      serving: (id, changes) => shell(SERVE, id, changes),
      failing: id => shell('exit 3', id),
      async restart() { await driver[Symbol.asyncDispose](); driver = await openOwned(owner); return driver },
      async crash(id) { docker('kill', ...containersOf(owner, id)) },
      until,
      copies: async id => containersOf(owner, id).length,
      close: () => removeAll(driver),
    }
  }

  containerContract('swarm', open)

  async function place(owner = `t${number++}`): Promise<{ owner: string; driver: ContainerDriver }> {
    const driver = await openOwned(owner)
    onTestFinished(() => removeAll(driver))
    return { owner, driver }
  }

  test('an instance is reached at its node, at a port that the node publishes for it', async () => {
    const { driver } = await place()
    await driver.start(shell(ANSWER, 'one'))
    await until(async () => (await driver.observe())[0]?.state === 'running')

    const [seen] = await driver.observe()
    expect(seen).toMatchObject({ host: '127.0.0.1', node: (await driver.nodes())[0]?.name })
    expect(seen?.ports['web']).not.toBe(8080)
    await until(() => fetch(`http://${seen?.host}:${seen?.ports['web']}/`).then(answer => answer.text()).then(text => text === 'one', () => false))
  })

  test('an instance that no node has room for says so, and is removed like any other', async () => {
    const { driver } = await place()
    await driver.start(shell(SERVE, 'one', { dialect: { TaskTemplate: { Placement: { Constraints: ['node.labels.zone==moon'] } } } }))

    await until(async () => /no suitable node/.test((await driver.observe())[0]?.reason ?? ''))

    expect((await driver.observe())[0]?.state).toBe('starting')
  })

  test('a node that is drained keeps what runs until it is replaced, and gets nothing new', async () => {
    const { driver } = await place()
    await driver.start(shell(SERVE, 'one'))
    await until(async () => (await driver.observe())[0]?.state === 'running')
    const [node] = await driver.nodes()

    await driver.setAvailability(node?.name ?? '', 'drain')
    await until(async () => (await driver.observe())[0]?.displaced === true)

    expect((await driver.observe())[0]).toMatchObject({ state: 'running', reason: `its node ${node?.name} is being drained` })
    expect((await driver.nodes())[0]?.availability).toBe('drain')
    await driver.setAvailability(node?.name ?? '', 'active')
    await until(async () => (await driver.observe())[0]?.displaced === undefined)
    await expect(driver.setAvailability('nowhere', 'drain')).rejects.toMatchObject({ code: 'not_found' })
  })
})
