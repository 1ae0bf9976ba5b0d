import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type PrivateDockerd, startPrivateDockerd, whyNoDockerd } from '../../../../tools/private-dockerd.ts'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openDockerClient } from './docker-client.ts'
import { openDockerDriver } from './docker-driver.ts'

const missing = whyNoDockerd()
const IMAGE = 'vamp-test:1'
const SERVE = 'trap "exit 0" TERM; echo hello; while :; do sleep 0.1; done'

let dockerd: PrivateDockerd
let number = 0
const address = () => ({ host: `unix://${dockerd.socket}` })

/** The image is empty: programs are those of the host. */
const HOST_PROGRAMS = { Binds: ['/bin', '/lib', '/lib64', '/usr'].map(path => `${path}:${path}:ro`) }
const shell = (script: string, id: string, changes: Partial<Workload> = {}): Workload => ({
  ...TEST_WORKLOAD, deployable: { type: 'container/docker', definition: IMAGE }, id, ...changes,
  dialect: { Cmd: ['/bin/sh', '-c', script], HostConfig: HOST_PROGRAMS, ...changes.dialect },
})

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tried = 0; tried < 1000; tried++) {
    if (await condition()) return
    await systemClock.sleep(20)
  }
  throw new Error('it did not come')
}

const docker = (...words: string[]) => spawnSync('docker', ['--host', address().host, ...words]).stdout.toString().trim()
const openOwned = (owner: string) => openDockerDriver({ address: address(), owner, clock: systemClock, log: silent })

async function removeAll(driver: ContainerDriver): Promise<void> {
  await Promise.all((await driver.observe()).map(({ id }) => driver.stop(id, 1000)))
  await driver[Symbol.asyncDispose]()
}

describe.skipIf(missing !== undefined)(`docker${missing === undefined ? '' : ` (${missing})`}`, () => {
  let directory: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'vamp-dockerd-'))
    dockerd = await startPrivateDockerd(directory)
    spawnSync('sh', ['-c', `mkdir -p ${directory}/root/bin && tar -C ${directory}/root -c . | docker --host ${address().host} import - ${IMAGE}`])
  })
  afterAll(async () => {
    await dockerd.stop()
    rmSync(directory, { recursive: true, force: true })
  })

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

  async function place(owner = `t${number++}`): Promise<{ owner: string; driver: ContainerDriver }> {
    const driver = await openOwned(owner)
    onTestFinished(() => removeAll(driver))
    return { owner, driver }
  }

  test('an instance is reached at its own address, at the port of its breed', async () => {
    const { driver } = await place()
    await driver.start(shell('/usr/bin/perl -MIO::Socket::INET -e \'my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5) or die; while (my $c = $s->accept) { print $c "HTTP/1.0 200 OK\\r\\n\\r\\n$ENV{VAMP_INSTANCE}"; close $c }\'', 'one'))

    const [seen] = await driver.observe()
    expect(seen).toMatchObject({ ports: { web: 8080 }, host: expect.stringMatching(/^172\.29\./) })
    await until(() => fetch(`http://${seen?.host}:8080/`).then(answer => answer.text()).then(text => text === 'one', () => false))
  })

  test('an image that cannot be pulled is said so, by name', async () => {
    const { driver } = await place()

    await expect(driver.start({ ...shell(SERVE, 'one'), deployable: { type: 'docker', definition: '127.0.0.1:1/none:1' } })).rejects.toMatchObject({ code: 'container_failed', message: expect.stringContaining('image 127.0.0.1:1/none:1 cannot be pulled') })

    expect(await driver.observe()).toEqual([])
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

    await dockerd.restart()

    await until(async () => (await driver.observe().catch(() => []))[0]?.state === 'exited')
    await driver.stop('one', 1000)
    await driver.start(shell(SERVE, 'one'))
    expect(await driver.observe()).toMatchObject([{ id: 'one', state: 'running' }])
  })

  test('an engine that is not there is said so', async () => {
    await expect(openDockerClient({ host: 'unix:///nowhere/docker.sock' })).rejects.toMatchObject({ code: 'container_unavailable' })
  })
})
