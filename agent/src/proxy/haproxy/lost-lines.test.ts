import { expect, test } from 'vitest'
import { lostLines } from './lost-lines.ts'

const read = (lost: ReturnType<typeof lostLines>, process: number, frontend: number, counters: readonly number[]) => {
  for (const counter of counters) lost.of(process).count(frontend, counter)
}

test('a gap that stays is lost, one that closes was only out of order', () => {
  const lost = lostLines()
  read(lost, 1, 1, [4, 5, 7, 10])
  expect(lost.take(0)).toBe(0)
  expect(lost.take(500)).toBe(0)
  read(lost, 1, 1, [6])

  expect(lost.take(1_000)).toBe(2)
  expect(lost.take(2_000)).toBe(0)
  read(lost, 1, 1, [12])
  expect(lost.take(3_000)).toBe(0)
  expect(lost.take(4_000)).toBe(1)
})

test('processes and frontends count for themselves', () => {
  const lost = lostLines()
  read(lost, 1, 1, [1, 2, 3])
  read(lost, 1, 2, [100, 101])
  read(lost, 2, 1, [0, 1, 3])
  lost.take(0)
  expect(lost.take(1_000)).toBe(1)
})

test('what was written between two agents is found by the second one', () => {
  const first = lostLines()
  read(first, 7, 1, [1, 2, 3, 4])
  read(first, 7, 2, [9])

  const second = lostLines(first.marks([7]))
  read(second, 7, 1, [8, 9])
  read(second, 7, 2, [10])
  read(second, 8, 1, [50])
  second.take(0)

  expect(first.marks([7, 9])).toEqual([[7, 1, 1, 4], [7, 2, 9, 9]])
  expect(second.take(1_000)).toBe(3)
})

test('a process that was read from its beginning owes its first lines, too, and one that has its number later owes its own', () => {
  const lost = lostLines()
  lost.know(7)
  read(lost, 7, 1, [2, 3])
  lost.take(0)
  expect(lost.take(1_000)).toBe(2)
  expect(lost.upTo(7, 1)).toBe(3)

  lost.know(7)
  expect(lost.upTo(7, 1)).toBeUndefined()
  read(lost, 7, 1, [0, 1])
  lost.take(2_000)
  expect(lost.take(3_000)).toBe(0)
})
