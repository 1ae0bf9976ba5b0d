import { expect, test } from 'vitest'
import { AgentClock, clockText } from './agent-clock.ts'

const SLOW = 3_600_000

/** What is known after each report, by how much later than it was made it came. */
function known(...lags: readonly number[]): number[] {
  const clock = new AgentClock()
  return lags.map((lag, index) => { clock.heard(index * 1000, index * 1000 + lag); return clock.secondsBehind })
}

test('a clock that is right is right, whatever its reports take', () => {
  expect(known(5, 9000, 3, 20_000, 1900)).toEqual([0, 0, 0, 0, 0])
  expect(known(9000, 20_000, 40)).toEqual([0, 0, 0])
})

test('one that is far behind or ahead is known by its first report', () => {
  expect(known(SLOW + 40, SLOW + 3000, SLOW + 5)).toEqual([3600, 3600, 3600])
  expect(known(-59_990, -59_000)).toEqual([-60, -60])
})

test('one that may only be slow in telling is known by three', () => {
  expect(known(5040, 5003, 7000, 5001)).toEqual([0, 0, 5, 5])
})

test('a clock that is off by about the same stays so, and one that is set is known again', () => {
  expect(known(-3000, -3900, -4100, -4500)).toEqual([-3, -3, -4, -4])
  expect(known(SLOW, SLOW, 10, 10)).toEqual([3600, 3600, 0, 0])
  expect(known(...Array.from({ length: 10 }, () => 3), ...Array.from({ length: 10 }, () => SLOW)).slice(9)).toEqual([...Array.from({ length: 10 }, () => 0), 3600])
})

test('it is told in words', () => {
  expect([3600, -12, 0].map(clockText)).toEqual(['its clock is 3600 s slow', 'its clock is 12 s fast', undefined])
})
