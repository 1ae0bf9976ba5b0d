import { expect, test } from 'vitest'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { environmentSearch } from './stop-process.ts'

const LOOK_MS = 25

test('however many end at once, the processes of the machine are looked at for all of them together, and for a fifth of the time at most', async () => {
  const clock = virtualClock()
  let lookedMs = 0
  const asked: number[] = []
  const search = environmentSearch({ ...clock, monotonic: () => clock.monotonic() + lookedMs }, wanted => {
    asked.push(wanted.length)
    lookedMs += LOOK_MS
    return wanted.map(settings => [{ pid: Number(settings[0]), startTime: 1, leads: true }])
  })
  const first = Promise.all(Array.from({ length: 500 }, (_, pid) => search([String(pid)])))
  await clock.advance(1)
  expect((await first).map(([found]) => found?.pid)).toEqual(Array.from({ length: 500 }, (_, pid) => pid))
  expect(asked).toEqual([500])

  const second = search(['7'])
  await clock.advance(LOOK_MS * 4 - 2)
  expect(asked).toEqual([500])
  await clock.advance(1)
  expect(await second).toMatchObject([{ pid: 7 }])
  expect(asked).toEqual([500, 1])
})

test('a look that fails is told to everybody who waited for it, and the next one looks again', async () => {
  const clock = virtualClock()
  let broken = true
  const search = environmentSearch(clock, wanted => {
    if (broken) throw new Error('too many open files')
    return wanted.map(() => [])
  })
  const both = Promise.allSettled([search(['a']), search(['b'])])
  await clock.advance(1)
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  broken = false
  const next = search(['a'])
  await clock.advance(1)
  expect(await next).toEqual([])
})
