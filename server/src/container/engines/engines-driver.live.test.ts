import { systemClock as clock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { openDockerDriver } from '../docker/docker-driver.ts'
import { HOST_PATHS, IMAGE, SERVE, startTestEngine, type TestEngine, until, whyNoEngine } from '../docker/testdata/test-engine.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openEnginesDriver } from './engines-driver.ts'

describe.skipIf(whyNoEngine() !== undefined)('two Docker engines', () => {
  let engines: TestEngine[] = []
  let driver: ContainerDriver
  let cores = 0
  beforeAll(async () => {
    engines = [await startTestEngine(), await startTestEngine()]
    const drivers = await Promise.all(engines.map(({ host }, index) => openDockerDriver({ address: { host }, owner: 'engines', network: 'host', clock, log: silent, ports: { from: 26_000 + 100 * index, to: 26_099 + 100 * index } })))
    driver = openEnginesDriver({ engines: drivers.map((each, index) => ({ name: `engine-${index}`, address: '127.0.0.1', driver: each })), log: silent })
    cores = (await driver.nodes())[0]?.cpu ?? 0
  }, 120_000)
  afterAll(async () => {
    for (const { id } of await driver.observe()) await driver.stop(id, 0).catch(() => {})
    await driver[Symbol.asyncDispose]()
    for (const engine of engines) await engine.stop()
  }, 120_000)

  const workload = (id: string, cpu: number): Workload => ({ ...TEST_WORKLOAD, id, cpu, memory: 32, deployable: { type: 'docker', definition: IMAGE }, dialect: { Cmd: ['/bin/sh', '-c', SERVE], HostConfig: { Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) } } })

  test('what one has no room for runs on the other, and what neither has is told', { timeout: 120_000 }, async () => {
    await Promise.all([driver.start(workload('one', cores)), driver.start(workload('two', cores))])
    await until(async () => (await driver.observe()).filter(({ state }) => state === 'running').length === 2)

    expect(new Set((await driver.observe()).map(({ node }) => node))).toEqual(new Set(['engine-0', 'engine-1']))
    await expect(driver.start(workload('three', 1))).rejects.toThrow(/no engine has room for .*engine-0 has 0 cores/)

    await driver.stop('one', 1000)
    await driver.start(workload('three', 1))
    await until(async () => (await driver.observe()).some(({ id, state }) => id === 'three' && state === 'running'))
  })
})
