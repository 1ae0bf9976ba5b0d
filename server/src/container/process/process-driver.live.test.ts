import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { expect, onTestFinished, test } from 'vitest'
import type { ContainerDriver, Workload } from '../container-driver.ts'
import { type ContainerHarness, containerContract } from '../contract.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { openControlGroups } from './control-groups.ts'
import { findByEnvironment } from './proc.ts'
import { openProcessDriver } from './process-driver.ts'

const SERVE = `${process.execPath} -e "process.stdout.write('hello\\n'); require('http').createServer((q, a) => a.end(process.env.VAMP_INSTANCE)).listen(process.env.PORT, '127.0.0.1')"`
const PATH = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }

const openDriver = (directory: string, clock = systemClock) => openProcessDriver({ directory, clock, log: silent, cwd: directory, environment: PATH })
const marked = (directory: string, id: string) => findByEnvironment([`VAMP_INSTANCE=${id}`, `VAMP_STATE=${join(directory, 'containers')}`])
const processOf = (type: string, definition: string, id: string, changes: Partial<Workload> = {}): Workload => ({ ...TEST_WORKLOAD, deployable: { type, definition }, id, ...changes })
const serving = (id: string, changes: Partial<Workload> = {}) => processOf('process', SERVE, id, changes)

async function open(): Promise<ContainerHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  let driver = openDriver(directory)
  return {
    driver,
    serving,
    failing: id => processOf('command', 'exit 3', id),
    async restart() { await driver[Symbol.asyncDispose](); driver = openDriver(directory); return driver },
    async crash(id) { for (const { pid, leads } of marked(directory, id)) if (leads) process.kill(pid, 'SIGKILL') },
    until,
    copies: async id => marked(directory, id).filter(({ leads }) => leads).length,
    async close() {
      await stopAll(driver)
      await driver[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function stopAll(driver: ContainerDriver): Promise<void> {
  await Promise.all((await driver.observe()).map(({ id }) => driver.stop(id, 500)))
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tried = 0; tried < 1000; tried++) {
    if (await condition()) return
    await systemClock.sleep(20)
  }
  throw new Error('it did not come')
}

/** A driver in a directory of its own; nothing of it is left after the test. */
function place(clock = systemClock): { directory: string; driver: ContainerDriver } {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  const driver = openDriver(directory, clock)
  onTestFinished(async () => {
    await driver[Symbol.asyncDispose]()
    const last = openDriver(directory)
    await stopAll(last)
    await last[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })
  return { directory, driver }
}

const firstPort = async (driver: ContainerDriver, id: string) => (await driver.observe()).find(observed => observed.id === id)?.ports['web'] ?? 0

function mayLimit(): boolean {
  try {
    openControlGroups('test')
    return true
  } catch {
    return false
  }
}

containerContract('process', open)

test('a process answers on the port that it was given', async () => {
  const { driver } = place()
  await driver.start(serving('one'))
  const url = `http://127.0.0.1:${await firstPort(driver, 'one')}/`

  await until(() => fetch(url).then(answer => answer.ok, () => false))

  expect(await (await fetch(url)).text()).toBe('one')
})

test('stopping asks the whole group first, waits for it, and kills what is left after the grace', async () => {
  const { directory, driver } = place()
  const polite = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done'
  const stubborn = 'trap "" TERM; (trap "" TERM; while :; do sleep 0.05; done) & echo up; while :; do sleep 0.05; done'
  await driver.start(processOf('command', polite, 'polite'))
  await driver.start(processOf('command', stubborn, 'stubborn'))
  for (const id of ['polite', 'stubborn']) await until(async () => (await Array.fromAsync(driver.logs(id, {}))).some(({ line }) => line === 'up'))

  await driver.stop('polite', 60_000)
  await driver.stop('stubborn', 100)

  const said = (await Array.fromAsync(driver.logs('polite', {}))).filter(({ stream }) => stream === 'stdout')
  expect(said.map(({ line }) => line)).toEqual(['up', 'bye'])
  expect([...marked(directory, 'polite'), ...marked(directory, 'stubborn')]).toEqual([])
})

test('what a dead process left behind, even outside of its group, ends with the instance', async () => {
  const { directory, driver } = place()
  await driver.start(processOf('command', 'setsid sleep 1000 & sleep 0.3; exit 1', 'one'))
  await until(async () => (await driver.observe())[0]?.state === 'exited')
  expect(marked(directory, 'one')).toHaveLength(1)

  await driver.stop('one', 100)

  expect(marked(directory, 'one')).toEqual([])
})

test('a program that is not there, and a directory that is not there, are said so and leave nothing', async () => {
  const { directory, driver } = place()

  await expect(driver.start(processOf('process', './missing --x', 'one'))).rejects.toThrow(`there is no program ./missing in ${directory}, where it runs; dialects: {process: {cwd: …}} names another directory`)
  await expect(driver.start(serving('two', { dialect: { cwd: 'nowhere' } }))).rejects.toThrow(`there is no directory ${join(directory, 'nowhere')}`)

  expect(await driver.observe()).toEqual([])
})

test('a script that is not there is told as the reason, with the directory that it was looked for in', async () => {
  const { directory, driver } = place()

  await driver.start(processOf('process', `${process.execPath} shop/server.mjs`, 'one'))
  await driver.start(processOf('command', 'exit 3', 'two'))

  const reason = async (id: string) => (await driver.observe()).find(each => each.id === id)?.reason
  await until(async () => await reason('one') !== undefined && await reason('two') !== undefined)
  expect(await reason('one')).toBe(`exited with code 1: there is no shop/server.mjs in ${directory}, where it runs; dialects: {process: {cwd: …}} names another directory`)
  expect(await reason('two')).toBe('exited with code 3')
})

test('the working directory of the dialect and relative programs are found from the directory of the driver', async () => {
  const { directory, driver } = place()
  writeFileSync(join(directory, 'where.sh'), '#!/bin/sh\npwd\nexec sleep 1000\n', { mode: 0o755 })

  await driver.start(processOf('process', './where.sh', 'one'))
  await driver.start(processOf('command', 'pwd; exec sleep 1000', 'two', { dialect: { cwd: 'containers' } }))

  for (const [id, path] of [['one', directory], ['two', join(directory, 'containers')]] as const)
    await until(async () => (await Array.fromAsync(driver.logs(id, {}))).some(({ line }) => line === path))
})

test.skipIf(!mayLimit())('a process that takes more memory than its scale gives is ended, with the reason; its share and its limit of CPU are set', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  const driver = openProcessDriver({ directory, clock: systemClock, log: silent, cwd: directory, environment: PATH, limits: true })
  onTestFinished(async () => { await stopAll(driver); await driver[Symbol.asyncDispose](); rmSync(directory, { recursive: true, force: true }) })
  await driver.start(processOf('command', `sleep 0.3; exec ${process.execPath} -e "const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 1)"`, 'greedy', { memory: 100 }))
  await driver.start(serving('modest', { memory: 500, dialect: { cpu_limit: 0.5 } }))

  await until(async () => (await driver.observe()).find(({ id }) => id === 'greedy')?.state === 'exited')

  expect((await driver.observe()).find(({ id }) => id === 'greedy')?.reason).toBe('was ended because it used more memory than its scale gives (100 MB)')
  const [{ pid = 0 } = {}] = marked(directory, 'modest')
  expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(/vamp-[0-9a-f]{12}\/modest/)
})

test.skipIf(process.getuid?.() !== 0)('a full disk is said so; nothing that ran is lost, and when there is room again it starts', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory])
  let driver = openDriver(directory)
  onTestFinished(async () => {
    await stopAll(driver)
    await driver[Symbol.asyncDispose]()
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  })
  await driver.start(serving('one'))
  expect(() => writeFileSync(join(directory, 'ballast'), Buffer.alloc(1e6))).toThrow(/ENOSPC/)

  await expect(driver.start(serving('two'))).rejects.toMatchObject({ code: 'disk_full' })
  await driver[Symbol.asyncDispose]()
  driver = openDriver(directory)
  expect((await driver.observe()).map(({ id, state }) => `${id} ${state}`)).toEqual(['one running'])
  rmSync(join(directory, 'ballast'))
  await driver.start(serving('two'))

  expect((await driver.observe()).map(({ id, state }) => `${id} ${state}`)).toEqual(['one running', 'two running'])
})

test('where the directory is taken away what runs stays known, also to the next driver, and what it prints can be read', async () => {
  const { directory, driver } = place()
  await driver.start(processOf('command', 'trap "echo asked" USR1; echo before; while :; do sleep 0.05; done', 'one'))
  const texts = async (of: ContainerDriver) => (await Array.fromAsync(of.logs('one', {}))).map(({ line }) => line)
  await until(async () => (await texts(driver)).includes('before'))
  const [{ pid = 0 } = {}] = marked(directory, 'one').filter(({ leads }) => leads)

  rmSync(directory, { recursive: true })
  process.kill(pid, 'SIGUSR1')
  await until(async () => (await texts(driver)).length === 2)
  expect(await texts(driver)).toEqual(['before', 'asked'])
  await until(() => existsSync(join(directory, 'containers', 'one.json')))
  await driver[Symbol.asyncDispose]()
  const next = openDriver(directory)
  onTestFinished(() => next[Symbol.asyncDispose]())

  expect((await next.observe()).map(({ id, state }) => [id, state])).toEqual([['one', 'running']])
  expect(await texts(next)).toEqual(['before', 'asked'])
  await next.stop('one', 500)
  expect(marked(directory, 'one')).toEqual([])
})

test('whoever follows gets the lines as they come, and the end', async () => {
  const { driver } = place()
  await driver.start(processOf('command', 'for n in 1 2 3; do echo $n; sleep 0.2; done; echo last >&2', 'one'))

  const lines = await Array.fromAsync(driver.logs('one', { follow: true }))

  expect(lines.map(({ line }) => line)).toEqual(['1', '2', '3', 'last'])
  expect(lines.at(-1)?.stream).toBe('stderr')
})

test('a server killed at any moment of a start neither loses nor doubles a process', { timeout: 240_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const owner = join(import.meta.dirname, 'testdata', 'owner.ts')
  let adopted = 0
  // Until some of them came so far as to start something, however slow the machine is.
  for (let round = 0; round < 12 || (adopted === 0 && round < 60); round++) {
    const child = spawn(process.execPath, [owner, directory, '6'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await systemClock.sleep(round < 12 ? round * 4 : round * 20)
    child.kill('SIGKILL')
    await once(child, 'exit')

    const driver = openDriver(directory)
    const seen = await driver.observe()
    adopted += seen.filter(({ id }) => id !== 'i0').length
    for (const { id, state } of seen) expect([id, state, marked(directory, id).filter(({ leads }) => leads).length]).toEqual([id, 'running', 1])
    const known = new Set(seen.map(({ id }) => id))
    for (let number = 0; number < 6; number++) if (!known.has(`i${number}`)) expect(marked(directory, `i${number}`)).toEqual([])
    await stopAll(driver)
    expect(findByEnvironment([`VAMP_STATE=${join(directory, 'containers')}`])).toEqual([])
    await driver[Symbol.asyncDispose]()
  }
  expect(adopted).toBeGreaterThan(0)
})

const parentOf = (pid: number) => Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1])
const pidOf = (directory: string, id: string) => marked(directory, id).find(({ leads }) => leads)?.pid ?? 0

test('twenty processes cost the server one fork: of its launcher', async () => {
  const { directory, driver } = place()

  await Promise.all(Array.from({ length: 20 }, (_, index) => driver.start(processOf('process', 'sleep 1000', `i${index}`))))

  const parents = new Set(Array.from({ length: 20 }, (_, index) => parentOf(pidOf(directory, `i${index}`))))
  expect(parents.size).toBe(1)
  expect([...parents].map(parentOf)).toEqual([process.pid])
})

test('what a launcher started that was killed runs on, its end is noticed, and the next start has another one', async () => {
  const { directory, driver } = place()
  await driver.start(processOf('process', 'sleep 1000', 'one'))
  const launcher = parentOf(pidOf(directory, 'one'))

  process.kill(launcher, 'SIGKILL')
  const starts = ['two', 'three'].map(id => driver.start(processOf('process', 'sleep 1000', id)).catch(() => {}))
  await Promise.all(starts)
  await driver.start(processOf('process', 'sleep 1000', 'two'))

  const seen = () => driver.observe().then(all => Object.fromEntries(all.map(({ id, state }) => [id, state])))
  expect(await seen()).toMatchObject({ one: 'running', two: 'running' })
  for (const id of ['one', 'two', 'three']) expect(marked(directory, id).length).toBe((await seen())[id] === undefined ? 0 : 1)
  expect(parentOf(pidOf(directory, 'two'))).not.toBe(launcher)
  process.kill(pidOf(directory, 'one'), 'SIGKILL')
  await until(async () => (await seen())['one'] === 'exited')
})

test('a launcher that says nothing any more is replaced', async () => {
  let silent = () => {}
  const { directory, driver } = place({ ...systemClock, after: (ms, action) => { if (ms === 10_000) silent = action; return systemClock.after(ms, action) } })
  await driver.start(processOf('process', 'sleep 1000', 'one'))
  const launcher = parentOf(pidOf(directory, 'one'))

  process.kill(launcher, 'SIGSTOP')
  const start = driver.start(processOf('process', 'sleep 1000', 'two'))
  const lost = expect(start).rejects.toThrow('sleep was not started: what starts processes has ended')
  await systemClock.sleep(100)
  silent()
  await lost
  await driver.start(processOf('process', 'sleep 1000', 'two'))

  expect((await driver.observe()).map(({ id, state }) => [id, state])).toEqual([['one', 'running'], ['two', 'running']])
  expect(['one', 'two'].map(id => marked(directory, id).length)).toEqual([1, 1])
})

test('the launcher ends with its server, whatever ends that, and nothing else does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-process-'))
  const server = spawn(process.execPath, [join(import.meta.dirname, 'testdata', 'owner.ts'), directory, '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  const launcher = parentOf(pidOf(directory, 'i0'))

  server.kill('SIGKILL')

  await until(() => !existsSync(`/proc/${launcher}`))
  const next = openDriver(directory)
  onTestFinished(async () => { await stopAll(next); await next[Symbol.asyncDispose](); rmSync(directory, { recursive: true, force: true }) })
  expect(await next.observe()).toMatchObject([{ id: 'i0', state: 'running' }])
})

test('processes keep running and logging while there is no server', async () => {
  const { directory, driver } = place()
  await driver.start(processOf('command', 'n=0; while :; do n=$((n+1)); echo $n; sleep 0.05; done', 'one'))
  await driver[Symbol.asyncDispose]()
  const log = join(directory, 'logs', 'one.stdout.log')
  await until(() => existsSync(log))
  const before = readFileSync(log, 'utf8').length

  await until(() => readFileSync(log, 'utf8').length > before)

  const next = openDriver(directory)
  expect(await next.observe()).toMatchObject([{ id: 'one', state: 'running' }])
  await stopAll(next)
  await next[Symbol.asyncDispose]()
})
