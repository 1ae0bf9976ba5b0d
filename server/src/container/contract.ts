/** What every container driver promises; each driver's test runs it with a machine of its own kind. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ContainerDriver, LogLine, Observed, Workload } from './container-driver.ts'

export interface ContainerHarness {
  readonly driver: ContainerDriver
  /** A workload that runs until it is stopped, has one port `web`, and has written the line `hello` when it runs. */
  serving(id: string, changes?: Partial<Workload>): Workload
  /** A workload that exits with code 3 at once. */
  failing(id: string): Workload
  /** The server ends without a farewell and another one starts. */
  restart(): Promise<ContainerDriver>
  /** The instance dies by itself. */
  crash(id: string): Promise<void>
  /** Lets time pass until the condition holds; fails if it does not come. */
  until(condition: () => Promise<boolean> | boolean): Promise<void>
  /** How many copies of the instance really run. */
  copies(id: string): Promise<number>
  close(): Promise<void>
}

export function containerContract(name: string, open: () => Promise<ContainerHarness>): void {
  describe(`a ${name} container driver`, () => {
    let harness: ContainerHarness
    beforeEach(async () => { harness = await open() })
    afterEach(async () => { await harness.close() })

    const find = async (id: string, driver = harness.driver): Promise<Observed | undefined> => (await driver.observe()).find(observed => observed.id === id)
    const running = (id: string, driver = harness.driver) => harness.until(async () => (await find(id, driver))?.state === 'running')
    const run = async (workload: Workload) => { await harness.driver.start(workload); await running(workload.id) }

    test('a started workload runs and is seen with its identity, its digest and a port', async () => {
      await run(harness.serving('one'))

      const seen = await find('one')
      expect(seen).toMatchObject({ id: 'one', deployment: 'shop', cluster: 'web', service: 'web:1.0', digest: 'd1', state: 'running', health: 'healthy' })
      expect(seen?.ports['web']).toBeGreaterThan(0)
      expect(await harness.copies('one')).toBe(1)
    })

    test('starting what runs changes nothing', async () => {
      await run(harness.serving('one'))
      const before = await find('one')

      await Promise.all([harness.driver.start(harness.serving('one')), harness.driver.start(harness.serving('one'))])

      expect(await find('one')).toEqual(before)
      expect(await harness.copies('one')).toBe(1)
    })

    test('instances that want the same port get different addresses', async () => {
      await Promise.all(['one', 'two', 'three'].map(id => run(harness.serving(id))))

      const addresses = (await harness.driver.observe()).map(({ host, ports }) => `${host}:${ports['web']}`)
      expect(new Set(addresses).size).toBe(3)
    })

    test('only the instances of a deployment are seen when asked for it', async () => {
      await run(harness.serving('one'))
      await run(harness.serving('two', { deployment: 'other' }))

      expect((await harness.driver.observe('other')).map(({ id }) => id)).toEqual(['two'])
      expect(await harness.driver.observe('nobody')).toEqual([])
    })

    test('a stopped instance is gone, and stopping it again is no error', async () => {
      await run(harness.serving('one'))

      await settled(harness, harness.driver.stop('one', 2000))
      await settled(harness, harness.driver.stop('one', 2000))
      await settled(harness, harness.driver.stop('never-was', 2000))

      expect(await find('one')).toBeUndefined()
      expect(await harness.copies('one')).toBe(0)
    })

    test('an instance that died is seen as exited, with the reason, until it is stopped', async () => {
      await run(harness.serving('one'))

      await harness.crash('one')
      await harness.until(async () => (await find('one'))?.state === 'exited')

      expect((await find('one'))?.reason).toBeTruthy()
      await settled(harness, harness.driver.stop('one', 2000))
      expect(await find('one')).toBeUndefined()
    })

    test('an instance that ends with an error tells its code', async () => {
      await harness.driver.start(harness.failing('one'))
      await harness.until(async () => (await find('one'))?.state === 'exited')

      expect((await find('one'))?.reason).toContain('3')
    })

    test('an id can be used again after its instance was stopped', async () => {
      await run(harness.serving('one'))
      await settled(harness, harness.driver.stop('one', 2000))

      await run(harness.serving('one', { digest: 'd2' }))

      expect(await find('one')).toMatchObject({ state: 'running', digest: 'd2' })
    })

    test('whoever watches hears of starts and ends', async () => {
      const heard = new Set<string>()
      const unwatch = harness.driver.watch(id => heard.add(id))

      await run(harness.serving('one'))
      await harness.until(() => heard.has('one'))
      heard.clear()
      await harness.crash('one')
      await harness.until(() => heard.has('one'))
      unwatch()

      expect([...heard]).toEqual(['one'])
    })

    test('another server finds what an earlier one left running, once, and can stop it', async () => {
      await run(harness.serving('one'))
      const before = await find('one')

      const next = await harness.restart()

      expect(await find('one', next)).toEqual(before)
      await next.start(harness.serving('one'))
      expect(await harness.copies('one')).toBe(1)
      await settled(harness, next.stop('one', 2000))
      expect(await harness.copies('one')).toBe(0)
    })

    test('another server notices that an instance of an earlier one dies', async () => {
      await run(harness.serving('one'))
      const next = await harness.restart()

      await harness.crash('one')

      await harness.until(async () => (await find('one', next))?.state === 'exited')
    })

    test('logs are there, the last ones on demand, also after the end', async () => {
      await run(harness.serving('one'))
      await harness.until(async () => (await lines(harness.driver, 'one')).some(({ line }) => line === 'hello'))

      expect(await lines(harness.driver, 'one', 0)).toEqual([])
      await settled(harness, harness.driver.stop('one', 2000))
      expect((await lines(harness.driver, 'one', 5)).map(({ line }) => line)).toContain('hello')
      expect(await lines(harness.driver, 'never-was')).toEqual([])
    })

    test('a paused instance is seen as such, by the next server too, until it is resumed; it can be stopped as well', async ({ skip }) => {
      if (!harness.driver.pauses) {
        await expect(harness.driver.pause('one')).rejects.toMatchObject({ code: 'unsupported' })
        return skip('this driver pauses nothing')
      }
      await run(harness.serving('one'))
      await harness.driver.pause('one')
      await harness.driver.pause('one')
      await harness.driver.pause('never-was')
      await harness.until(async () => (await find('one'))?.paused === true)
      expect(await find('one')).toMatchObject({ state: 'running', health: 'unhealthy', reason: 'is paused' })

      const next = await harness.restart()
      expect(await find('one', next)).toMatchObject({ paused: true })
      await next.resume('one')
      await next.resume('one')
      await harness.until(async () => (await find('one', next))?.health === 'healthy')
      await next.pause('one')
      await settled(harness, next.stop('one', 2000))
      expect(await harness.copies('one')).toBe(0)
    })

    test('what a running instance uses is counted, and of what does not run there is no count', async () => {
      await run(harness.serving('one'))

      await harness.until(async () => ((await harness.driver.statistics(['one'])).get('one')?.memoryBytes ?? 0) > 0)
      const [first, later] = [await harness.driver.statistics(['one', 'never-was']), await harness.driver.statistics(['one'])]
      expect([...first.keys()]).toEqual(['one'])
      expect(later.get('one')?.cpuSeconds).toBeGreaterThanOrEqual(first.get('one')?.cpuSeconds ?? Number.NaN)
      await settled(harness, harness.driver.stop('one', 2000))
      expect((await harness.driver.statistics(['one'])).size).toBe(0)
    })

    test('an aborted signal starts nothing', async () => {
      await expect(harness.driver.start(harness.serving('one'), AbortSignal.abort())).rejects.toThrow()

      expect(await harness.copies('one')).toBe(0)
    })
  })
}

async function lines(driver: ContainerDriver, id: string, tail?: number): Promise<LogLine[]> {
  return await Array.fromAsync(driver.logs(id, tail === undefined ? {} : { tail }))
}

/** Waits for an operation while the harness lets time pass. */
async function settled(harness: ContainerHarness, operation: Promise<void>): Promise<void> {
  let over = false
  const ended = operation.finally(() => { over = true })
  await Promise.all([ended, harness.until(() => over)])
}
