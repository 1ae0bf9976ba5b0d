/** What is no script, run by what runs services: processes, and containers of a real Docker engine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ContainerDriver, Workload } from '../../container/container-driver.ts'
import { openDockerDriver } from '../../container/docker/docker-driver.ts'
import { HOST_PATHS, IMAGE, startTestEngine, type TestEngine, until, whyNoEngine } from '../../container/docker/testdata/test-engine.ts'
import { openProcessDriver } from '../../container/process/process-driver.ts'
import { ranOn, requestOf } from '../contract.ts'
import type { RunRequest } from '../runner.ts'
import { openContainerRunner } from './container-runner.ts'

type Wish = Omit<Workload, 'id' | 'digest'>
interface Harness {
  /** On the same instances as before: what a server does that starts again. */
  open(): Promise<ContainerDriver>
  workload(script: string, environment?: Readonly<Record<string, string>>): Wish
  /** Whether the end of what an earlier server began tells its number: processes tell it only to who began them. */
  readonly tellsExit: boolean
  close(): Promise<void>
}

const BASE: Omit<Wish, 'deployable'> = { deployment: 'workflows/w', cluster: 'w', service: 'w:1', arguments: [], environment: {}, ports: [], cpu: 0.1, memory: 64, dialect: {}, health_checks: [] }
const missing = whyNoEngine()
let engine: TestEngine
let owners = 0

async function processes(): Promise<Harness> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-container-runner-'))
  return {
    open: async () => openProcessDriver({ directory, clock: systemClock, log: silent, cwd: directory, environment: { PATH: '/usr/bin:/bin' } }),
    workload: (script, environment = {}) => ({ ...BASE, environment, deployable: { type: 'command', definition: script } }),
    tellsExit: false,
    async close() { rmSync(directory, { recursive: true, force: true }) },
  }
}

async function docker(): Promise<Harness> {
  const owner = `w${owners++}`
  return {
    open: () => openDockerDriver({ address: { host: engine.host }, owner, clock: systemClock, log: silent }),
    workload: (script, environment = {}) => ({ ...BASE, environment, deployable: { type: 'container/docker', definition: IMAGE }, dialect: { Cmd: ['/bin/sh', '-c', script], HostConfig: { Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) } } }),
    tellsExit: true,
    async close() {},
  }
}

const asked = (workload: Wish, changes: Partial<RunRequest> = {}): RunRequest => ({ ...requestOf('', changes), workload })
const UNSEEN = { state: 'failed', reason: 'ended while nobody watched' }
const WAITS = 'echo begun; i=0; while [ $i -lt 600 ]; do i=$((i+1)); sleep 0.1; done'

function contract(open: () => Promise<Harness>): void {
  async function place() {
    const harness = await open()
    const driver = await harness.open()
    const runner = openContainerRunner({ driver, clock: systemClock, log: silent })
    onTestFinished(async () => {
      await runner[Symbol.asyncDispose]()
      const left = await harness.open()
      for (const { id } of await left.observe()) await left.stop(id, 100)
      await left[Symbol.asyncDispose]()
      await driver[Symbol.asyncDispose]()
      await harness.close()
    })
    return { harness, driver, runner, ids: async () => (await driver.observe()).map(({ id }) => id) }
  }

  test('what it prints is the log, what it is told is in its environment, and nothing is left of it', async () => {
    const { harness, runner, ids } = await place()
    const { end, lines } = await ranOn(runner, asked(harness.workload('echo "$VAMP_URL of $VAMP_NAMESPACE"; echo problem >&2', { VAMP_URL: 'http://vamp:8080', VAMP_NAMESPACE: 'shop' })))
    expect([end, lines.toSorted()]).toEqual([{ state: 'succeeded' }, ['http://vamp:8080 of shop', 'problem']])
    expect(await ids()).toEqual([])
  })

  test('another exit than 0 is its failure, with the number', async () => {
    const { harness, runner } = await place()
    expect((await ranOn(runner, asked(harness.workload('exit 7')))).end).toEqual({ state: 'failed', reason: 'exited with code 7' })
  })

  test('one that takes too long is ended, and says so', async () => {
    const { harness, runner, ids } = await place()
    const { end } = await ranOn(runner, asked(harness.workload(WAITS), { limits: { wallMs: 1500, cpu: 0.1, memory: 64 } }))
    expect(end).toEqual({ state: 'failed', limit: 'time', reason: 'it was not done after 1.5 s' })
    expect(await ids()).toEqual([])
  })

  test('one that is stopped is gone', async () => {
    const { harness, runner, ids } = await place()
    const { end } = await ranOn(runner, asked(harness.workload(WAITS)), (stop, lines) => { if (lines.includes('begun')) stop('a person did') })
    expect(end).toEqual({ state: 'stopped', reason: 'a person did' })
    expect(await ids()).toEqual([])
  })

  test('the next server goes on with it: no second one, the whole log, its own time', async () => {
    const { harness, runner, ids } = await place()
    const request = asked(harness.workload('echo begun; sleep 3; echo done'), { startedMs: Date.now() })
    const lines: string[] = []
    const first = runner.start(request, { printed: more => { lines.push(...more.map(({ line }) => line)) } })
    await until(() => lines.includes('begun'))
    await runner[Symbol.asyncDispose]()
    const [before, end] = [await ids(), await first.ended]
    const nextDriver = await harness.open()
    await using next = openContainerRunner({ driver: nextDriver, clock: systemClock, log: silent })
    const again = ranOn(next, request)
    const meanwhile = await ids()
    const ran = await again
    const left = await nextDriver.observe()
    await nextDriver[Symbol.asyncDispose]()

    expect(end).toEqual({ state: 'stopped', reason: 'the server ended' })
    expect([before.length, meanwhile]).toEqual([1, before])
    expect(ran).toEqual({ end: harness.tellsExit ? { state: 'succeeded' } : UNSEEN, lines: ['begun', 'done'], leftOut: 0 })
    expect(left).toEqual([])
  })

  test('what ended while no server looked has ended: it is not begun again, however late it is read', async () => {
    const { harness, runner, driver } = await place()
    const request = asked(harness.workload('echo only once; sleep 1; exit 4'), { limits: { wallMs: 30_000, cpu: 0.1, memory: 64 } })
    const closed = runner.start(request, { printed: () => {} })
    await until(async () => (await driver.observe()).length > 0)
    await runner[Symbol.asyncDispose]()
    const first = await closed.ended
    await until(async () => (await driver.observe()).every(({ state }) => state === 'exited'))
    await using next = openContainerRunner({ driver, clock: systemClock, log: silent })
    const ran = await ranOn(next, { ...request, startedMs: Date.now() - 60_000 })

    expect(first.reason).toBe('the server ended')
    expect([ran.end, ran.lines]).toEqual([{ state: 'failed', reason: 'exited with code 4' }, ['only once']])
  })

  test('the time that a run may take goes on while no server looks', async () => {
    const { harness, runner } = await place()
    const { end } = await ranOn(runner, asked(harness.workload(WAITS), { startedMs: Date.now() - 60_000, limits: { wallMs: 60_500, cpu: 0.1, memory: 64 } }))
    expect(end.limit).toBe('time')
  })
}

describe('workflows as processes', () => contract(processes))

describe.skipIf(missing !== undefined)(`workflows as containers of Docker${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => { engine = await startTestEngine() })
  afterAll(async () => { await engine.stop() })
  contract(docker)
})
