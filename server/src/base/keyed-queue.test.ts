import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import { backoffMs, openKeyedQueue } from './keyed-queue.ts'
import { again, done, type Outcome } from './reconciler.ts'

interface Run { readonly name: string; readonly signal: AbortSignal; end(outcome?: Outcome): void; fail(error: unknown): void }

/** A queue whose reconciler does what the test says, run by run. */
function harness(options: { concurrency?: number; restShare?: number } = {}) {
  const clock = virtualClock()
  const runs: Run[] = []
  const lines: string[] = []
  const line = (level: string) => (message: string) => { lines.push(`${level} ${message}`) }
  const log: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  const queue = openKeyedQueue({
    name: 'test', clock, log, random: () => 0.999, ...options,
    reconciler: {
      reconcile: (name, signal) => new Promise((resolve, reject) => {
        runs.push({ name, signal, end: (outcome = done) => resolve(outcome), fail: reject })
      }),
    },
  })
  const last = (): Run => { const run = runs.at(-1); if (!run) throw new Error('nothing ran'); return run }
  const settled = () => clock.advance(0)
  return { clock, queue, runs, lines, last, settled, names: () => runs.map(run => run.name) }
}

test('many wake-ups of a name that waits are one run', async () => {
  const { queue, settled, names } = harness()

  queue.wake('a')
  queue.wake('a')
  queue.wake('b')
  await settled()

  expect(names()).toEqual(['a', 'b'])
})

test('a name never runs twice at the same time, and a wake-up during its run runs it once more', async () => {
  const { queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()

  queue.wake('a')
  queue.wake('a')
  await settled()
  expect(names()).toEqual(['a'])
  last().end()
  await settled()
  expect(names()).toEqual(['a', 'a'])
  last().end()
  await settled()

  expect(names()).toEqual(['a', 'a'])
  expect(queue.size).toBe(0)
})

test('no more names run at once than allowed, the others follow in order', async () => {
  const { queue, settled, names, runs } = harness({ concurrency: 2 })

  for (const name of ['a', 'b', 'c', 'd']) queue.wake(name)
  await settled()
  expect(names()).toEqual(['a', 'b'])
  expect(queue.size).toBe(4)
  runs[0]?.end()
  await settled()

  expect(names()).toEqual(['a', 'b', 'c'])
})

test('a wake-up runs nothing before the caller has gone on', async () => {
  const { queue, settled, names } = harness()

  queue.wake('a')

  expect(names()).toEqual([])
  await settled()
  expect(names()).toEqual(['a'])
})

test('a name that asks for another run gets it by the clock, or sooner when woken', async () => {
  const { clock, queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()
  last().end(again(5000))

  await clock.advance(4999)
  expect(names()).toHaveLength(1)
  await clock.advance(1)
  expect(names()).toHaveLength(2)
  last().end(again(5000))
  await settled()
  queue.wake('a')
  await settled()

  expect(names()).toHaveLength(3)
})

test('failures are tried again later and later, and the log gets louder', async () => {
  const { clock, queue, settled, runs, last, lines } = harness()
  queue.wake('a')
  await settled()

  for (let failure = 0; failure < 9; failure++) {
    last().fail(new Fault('store_unavailable', 'gone'))
    await clock.advance(60_000)
  }

  expect(runs).toHaveLength(10)
  const levels = lines.map(line => line.split(' ')[0])
  expect(levels).toEqual([...levels].sort((a, b) => 'iwe'.indexOf(a?.[0] ?? '') - 'iwe'.indexOf(b?.[0] ?? '')))
  expect(new Set(levels)).toEqual(new Set(['info', 'warn', 'error']))
})

test('a success forgets the failures before it', async () => {
  const { clock, queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()
  for (let failure = 0; failure < 5; failure++) { last().fail(new Fault('timeout', 'slow')); await clock.advance(10_000) }
  last().end()
  await settled()

  const before = names().length
  queue.wake('a')
  await settled()
  last().fail(new Fault('timeout', 'slow'))
  await clock.advance(250)

  expect(names()).toHaveLength(before + 2)
})

test('what cannot succeed without a change is not tried again, until it is woken', async () => {
  const { clock, queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()

  last().fail(new Fault('port_taken', 'port 80 is in use'))
  await clock.advance(3_600_000)
  expect(names()).toHaveLength(1)
  expect(queue.size).toBe(0)
  queue.wake('a')
  await settled()

  expect(names()).toHaveLength(2)
})

test('a failing name that wakes itself does not spin', async () => {
  const { clock, queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()

  queue.wake('a')
  last().fail(new Fault('timeout', 'slow'))
  await settled()
  queue.wake('a')
  await settled()
  expect(names()).toHaveLength(1)
  await clock.advance(100)

  expect(names()).toHaveLength(2)
})

test('what cannot succeed and wakes itself does not spin either', async () => {
  const { clock, queue, settled, names, last } = harness()
  queue.wake('a')
  await settled()

  queue.wake('a')
  last().fail(new Fault('invalid', 'no'))
  await settled()
  expect(names()).toHaveLength(1)
  await clock.advance(100)

  expect(names()).toHaveLength(2)
})

test('closing aborts what runs, waits for it, and starts nothing more', async () => {
  const { clock, queue, settled, names, runs } = harness({ concurrency: 1 })
  queue.wake('a')
  queue.wake('b')
  await settled()
  let closed = false

  const closing = queue[Symbol.asyncDispose]().then(() => { closed = true })
  await settled()
  expect(runs[0]?.signal.aborted).toBe(true)
  expect(closed).toBe(false)
  runs[0]?.fail(runs[0].signal.reason)
  await closing
  queue.wake('c')
  await clock.advance(100_000)

  expect(names()).toEqual(['a'])
})

test('the delay doubles up to a minute, and half of it is random', () => {
  expect([1, 2, 3].map(failures => backoffMs(failures, () => 1))).toEqual([250, 500, 1000])
  expect([1, 2, 3].map(failures => backoffMs(failures, () => 0))).toEqual([125, 250, 500])
  expect(backoffMs(1_000_000, () => 1)).toBe(60_000)
})

test('a name that owes too much rest is run once for all that it is woken for meanwhile; one that owes little is run at once', async () => {
  const { clock, queue, settled, last, names } = harness({ restShare: 4 })
  queue.wake('a')
  await clock.advance(50)
  last().end()
  queue.wake('a')
  await settled()
  expect(names()).toEqual(['a', 'a'])

  // It owes 200 ms, and 200 more for the second run; up to 300 it need not rest.
  await clock.advance(50)
  last().end(again(0))
  await settled()
  await clock.advance(49)
  queue.wake('a')
  await settled()
  expect(names()).toEqual(['a', 'a'])
  await clock.advance(1)
  expect(names()).toEqual(['a', 'a', 'a'])
  last().end()
  await clock.advance(1000)

  queue.wake('a')
  await settled()
  expect(names()).toEqual(['a', 'a', 'a', 'a'])
})

test('however long a run took, it rests for a fifth of a second at most', async () => {
  const { clock, queue, settled, last, names } = harness({ restShare: 4 })
  queue.wake('a')
  await clock.advance(10_000)
  last().end()
  queue.wake('a')
  await settled()

  await clock.advance(199)
  expect(names()).toEqual(['a'])
  await clock.advance(1)
  expect(names()).toEqual(['a', 'a'])
})
