import { expect, test } from 'vitest'
import { findStarted } from './find-started.ts'
import type { FoundProcess } from './proc.ts'

const sought = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `i${index}`, marks: [`ID=i${index}`], outputs: [`/logs/i${index}`] }))

/** Processes by mark as they are at each look. */
function machine(looks: readonly { readonly loading?: readonly string[]; readonly runs: Readonly<Record<string, readonly FoundProcess[]>> }[]) {
  let looked = 0
  const now = () => looks[Math.min(looked, looks.length - 1)]
  return {
    looked: () => looked,
    heldOpen: (files: ReadonlySet<string>) => new Set(now()?.loading?.filter(file => files.has(file))),
    findAllByEnvironment: (wanted: readonly (readonly string[])[]) => {
      const runs = now()?.runs
      looked++
      return wanted.map(([mark = '']) => runs?.[mark] ?? [])
    },
  }
}

test('however many are sought, all processes are looked at once', () => {
  const all = sought(500)
  const world = machine([{ runs: Object.fromEntries(all.slice(0, 300).map(({ marks: [mark = ''] }, index) => [mark, [{ pid: index, startTime: 7, leads: true }]])) }])

  const found = findStarted(all, world)

  expect([found.size, found.get('i299'), found.get('i300')]).toEqual([300, { pid: 299, startTime: 7 }, undefined])
  expect(world.looked()).toBe(1)
})

test('what holds its output open and has not another environment yet is waited for, and of several the oldest is the one', () => {
  const world = machine([
    { loading: ['/logs/i0', '/logs/i1'], runs: { 'ID=i1': [{ pid: 9, startTime: 5, leads: false }] } }, { loading: ['/logs/i0'], runs: {} },
    { runs: { 'ID=i0': [{ pid: 4, startTime: 9, leads: true }, { pid: 3, startTime: 8, leads: true }, { pid: 2, startTime: 1, leads: false }] } },
  ])

  expect([...findStarted(sought(2), world)]).toEqual([['i0', { pid: 3, startTime: 8 }]])
  expect(world.looked()).toBe(3)
})
