import type { Event } from '@vamp/model/event'
import { expect, test } from 'vitest'
import { MOMENTS_MAX, NO_HISTORY, ofNewest, withEvent } from './release-history.ts'

const START = 1_900_000_000

const step = (second: number, weight: number): Event => ({
  id: `step-${second}`, timestamp: new Date((START + second) * 1000).toISOString(), type: 'release', tags: ['releases:r', 'release:weight'],
  value: { weight, harm: 2, sentence: 'No sign of harm.', next: 'More.', evidence: [{ metric: 'error_rate', harm: 4 }] },
})
const evidence = (second: number): Event => ({
  id: `evidence-${second}`, timestamp: '', type: 'release-evidence', tags: ['releases:r'],
  value: { second: START + second, weight: 5, harm: second, metrics: { error_rate: second }, baseline: { requests: 10, errors: 0, latency: [] }, canary: { requests: 2, errors: 1 } },
})

test('steps tell why, seconds tell how many, both tell how strong the evidence was', () => {
  const history = [step(0, 5), evidence(1)].reduce(withEvent, NO_HISTORY)

  expect(history.steps).toEqual([expect.objectContaining({ change: 'weight', weight: 5, sentence: 'No sign of harm.' })])
  expect(history.moments.map(({ harm, metrics }) => [harm, metrics])).toEqual([[2, { error_rate: 4 }], [1, { error_rate: 1 }]])
  expect(history.seconds).toEqual([{ atMs: (START + 1) * 1000, requests: { baseline: 10, canary: 2 }, errors: { baseline: 0, canary: 1 }, of: [''] }])
})

test('the versions of an experiment are told of one by one and counted together; the worst is shown', () => {
  const version = (to: string, second: number, harm: number): Event => ({ ...evidence(second), id: `${to}-${second}`, value: { ...evidence(second).value as object, to, harm, metrics: { error_rate: harm } } })

  const history = [version('a', 1, 2), version('b', 1, 9), version('b', 1, 9), version('b', 2, 8), version('a', 2, 3)].reduce(withEvent, NO_HISTORY)

  expect(history.seconds.map(({ requests }) => requests)).toEqual([{ baseline: 10, canary: 4 }, { baseline: 10, canary: 4 }])
  expect(history.moments.map(({ harm, metrics }) => [harm, metrics['error_rate']])).toEqual([[9, 9], [8, 8]])
})

test('events that come late or twice find their place', () => {
  const history = [step(10, 20), step(0, 5), step(10, 20), evidence(4), evidence(2), evidence(4)].reduce(withEvent, NO_HISTORY)

  expect(history.steps.map(({ weight }) => weight)).toEqual([5, 20])
  expect(history.moments.map(({ atMs }) => atMs / 1000 - START)).toEqual([0, 3, 5, 10])
  expect(history.seconds.map(({ atMs }) => atMs / 1000 - START)).toEqual([2, 4])
})

test('an earlier release of the same name is left out, and what came before the newest began is kept', () => {
  const told = (change: string, second: number): Event => ({ ...step(second, 0), id: `${change}-${second}`, tags: ['releases:r', `release:${change}`] })
  const history = [told('started', 0), evidence(2), told('ended', 5), told('waiting', 20), told('started', 30), evidence(32)]

  const newest = ofNewest(history.reduce(withEvent, NO_HISTORY))
  const [only, underWay] = [history.slice(0, 3), history.slice(3)].map(events => events.reduce(withEvent, NO_HISTORY))

  expect(newest.steps.map(({ change }) => change)).toEqual(['waiting', 'started'])
  expect(newest.moments.map(({ atMs }) => atMs / 1000 - START)).toEqual([20, 30, 33])
  expect(newest.seconds.map(({ atMs }) => atMs / 1000 - START)).toEqual([32])
  expect([only, underWay].map(each => each && ofNewest(each))).toEqual([only, underWay])
})

test('what is no event of a release, or has no sense, changes nothing that is shown', () => {
  expect(withEvent(NO_HISTORY, { id: '1', timestamp: '', type: 'event', tags: [] })).toBe(NO_HISTORY)
  expect(withEvent(NO_HISTORY, { id: '1', timestamp: '', type: 'release-evidence', tags: [], value: 'nonsense' })).toBe(NO_HISTORY)
})

test('a long release takes no more memory than an hour of it', () => {
  const history = Array.from({ length: MOMENTS_MAX + 50 }, (_, second) => evidence(second)).reduce(withEvent, NO_HISTORY)

  expect([history.moments.length, history.seconds.length]).toEqual([MOMENTS_MAX, MOMENTS_MAX])
  expect(history.moments.at(-1)?.harm).toBe(MOMENTS_MAX + 49)
})
