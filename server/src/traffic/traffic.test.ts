import { virtualClock } from '@vamp/agent/base/virtual-clock'
import type { Cell, Window } from '@vamp/model/metric'
import { expect, test } from 'vitest'
import { openMemorySeries } from './memory/memory-series.ts'
import { openTraffic } from './traffic.ts'

const START = 1_700_000_000
const cell = (over: Partial<Cell> = {}): Cell => ({
  gateway: 'g', route: 'r', instance: 'i', by: 'weight', part: 0, requests: 1, errors: 0, statuses: [0, 0, 1, 0, 0, 0], bytes: 10, latency: [[5, 1]], ...over,
})
const window = (sequence: number, second: number, cells: readonly Cell[], agent = 'a'): Window => ({ agent, sequence, second, cells, dropped: 0 })

test('windows of two agents for the same second add up exactly', () => {
  const traffic = openTraffic({ clock: virtualClock() })

  void traffic.add(window(1, START, [cell({ latency: [[5, 1], [9, 2]], requests: 3 })]))
  void traffic.add(window(1, START, [cell({ latency: [[2, 1], [9, 1]], requests: 2, errors: 1 })], 'b'))

  expect(traffic.cells(START)).toEqual([cell({ requests: 5, errors: 1, statuses: [0, 0, 2, 0, 0, 0], bytes: 20, latency: [[2, 1], [5, 1], [9, 3]] })])
})

test('a window that comes twice counts once', () => {
  const traffic = openTraffic({ clock: virtualClock() })

  void traffic.add(window(1, START, [cell()]))
  void traffic.add(window(1, START, [cell()]))

  expect(traffic.cells(START)[0]?.requests).toBe(1)
})

test('a window of a clock that is off is where it belongs, counts once, and completes no second that is not over', () => {
  const traffic = openTraffic({ clock: virtualClock((START + 2) * 1000) })
  const slow = window(1, START - 3600, [cell()])

  void traffic.add(window(1, START + 601, [], 'fast'))
  void traffic.add({ ...slow, secondsBehind: 3600 })
  void traffic.add({ ...slow, secondsBehind: 3601 })
  expect(traffic.cells(START)).toHaveLength(1)
  expect(traffic.cells(START + 1)).toEqual([])
  void traffic.add({ ...window(2, START + 602, [], 'fast'), secondsBehind: -600 })
  void traffic.add({ ...window(2, START - 3599, []), secondsBehind: 3600 })
  void traffic.add({ ...window(3, START - 3598, []), secondsBehind: 3600 })

  expect(traffic.completeUntil()).toBe(START + 3)
})

test('a second is complete when every live agent has delivered it', () => {
  const traffic = openTraffic({ clock: virtualClock(START * 1000) })

  void traffic.add(window(1, START + 3, []))
  void traffic.add(window(1, START + 1, [], 'b'))

  expect(traffic.completeUntil()).toBe(START + 2)
})

test('the last seconds are summed over hash parts, with routes kept apart', () => {
  const traffic = openTraffic({ clock: virtualClock((START + 1) * 1000) })

  void traffic.add(window(1, START, [cell(), cell({ part: 3 }), cell({ route: 's' })]))

  expect(traffic.recent({ route: 'r', from: START, to: START + 1 })).toEqual([
    { second: START, cells: [cell({ requests: 2, statuses: [0, 0, 2, 0, 0, 0], bytes: 20, latency: [[5, 2]] })] },
  ])
})

test('a window that the series could not take comes again, and is not seen twice', async () => {
  const series = openMemorySeries({ clock: virtualClock(START * 1000) })
  let broken = true
  const traffic = openTraffic({ clock: virtualClock(START * 1000), series: { ...series, add: async given => { if (broken) throw new Error('gone'); await series.add(given) } } })

  await expect(traffic.add(window(1, START, [cell()]))).rejects.toThrow('gone')
  broken = false
  await traffic.add(window(1, START, [cell()]))

  expect(traffic.cells(START)[0]?.requests).toBe(1)
  expect((await traffic.read({ from: START, to: START + 1, resolution: 1, wants: () => true }))[0]?.cells[0]?.requests).toBe(1)
})

test('an agent that lost its numbers is believed again when it tells of new seconds', () => {
  const traffic = openTraffic({ clock: virtualClock() })

  void traffic.add(window(900, START, [cell()]))
  void traffic.add(window(1, START, [cell()]))
  void traffic.add(window(1, START + 1, [cell()]))

  expect([START, START + 1].map(second => traffic.cells(second)[0]?.requests)).toEqual([1, 1])
})
