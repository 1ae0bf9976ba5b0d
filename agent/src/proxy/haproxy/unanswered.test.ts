import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sample } from '../proxy.ts'
import { batchOf } from '../testdata/batch.ts'
import type { LogNames } from './log-line.ts'
import { unansweredRequests } from './unanswered.ts'

const backend = (route: string) => ({ route: { gateway: 'shop', route, instance: '' }, servers: new Map() })
const names: LogNames = { gateways: [undefined, { gateway: 'shop', route: '', instance: '' }], backends: [undefined, backend('a'), backend('b')] }
const heard = (over: Partial<Sample> = {}): Sample => ({ gateway: 'shop', route: 'a', instance: 'i', by: 'weight', status: 200, error: false, latencyMs: 1, bytes: 1, endedAt: 0, part: 0, ...over })
/** As HAProxy 2.6 answers, with what is of no interest left out. */
const row = (name: string, kind: string, begun: number, ended: number | '', inProgress: number) => {
  const columns = Array.from({ length: 60 }, () => '')
  ;[columns[0], columns[1], columns[4], columns[7], columns[48]] = [name, kind, String(inProgress), String(begun), String(ended)]
  return columns.join(',')
}
const answer = (...rows: string[]) => `Name: HAProxy\nPid: 7\n\n# pxname,svname,…\n${rows.join('\n')}\n\n`
const at = { nowMs: 5000 }

test('a request that ended in no line is told as a failure of its route once a second look has seen it', () => {
  const requests = unansweredRequests(() => names)
  requests.know(7)

  expect(requests.take(7, answer(row('b1', 'BACKEND', 10, 10, 0), row('b2', 'BACKEND', 4, 1, 1)), at)).toEqual([])
  const told = requests.take(7, answer(row('b1', 'BACKEND', 12, 11, 1), row('b2', 'BACKEND', 5, 2, 1)), at)

  const sample = { gateway: 'shop', route: 'b', instance: '', by: 'weight', status: 0, error: true, ending: 'server', bytes: 0, endedAt: 5000 }
  expect(told).toEqual([{ ...sample, part: 1 }, { ...sample, part: 2 }])
  expect(requests.take(7, answer(row('b2', 'BACKEND', 5, 2, 1)), at)).toEqual([])
})

test('what was there before anybody counted is nobody’s news; what an earlier reader told is known', () => {
  const rows = answer(row('b1', 'BACKEND', 9, 4, 0))
  const stranger = unansweredRequests(() => names)
  expect([stranger.take(7, rows, at), stranger.take(7, rows, at)]).toEqual([[], []])

  const first = unansweredRequests(() => names)
  first.know(7)
  first.take(7, rows, at)
  expect(first.take(7, rows, at)).toHaveLength(5)
  const heir = unansweredRequests(() => names, JSON.parse(JSON.stringify(first.marks([7]))))
  const later = answer(row('b1', 'BACKEND', 11, 4, 0), row('b2', 'BACKEND', 1, 0, 0))
  expect([heir.take(7, later, at), heir.take(7, later, at)].map(told => told.map(({ route }) => route))).toEqual([[], ['a', 'a', 'b']])
})

test('a worker that has finished is told of whole; servers, backends of TCP and those without a name say nothing', () => {
  const requests = unansweredRequests(() => names)
  requests.know(7)

  const told = requests.take(7, answer(row('b1', 'i1', 30, 1, 0), row('b1', 'BACKEND', 3, 1, 0), row('b2', 'BACKEND', 3, '', 0), row('b9', 'BACKEND', 3, 1, 0), row('lost', 'BACKEND', 3, 1, 0)), { nowMs: 1, last: true })

  expect(told.map(({ route }) => route)).toEqual(['a', 'a'])
})

test('copies that nobody answered are copies', () => {
  const requests = unansweredRequests(() => names)
  requests.know(7)
  requests.heard(batchOf([heard({ by: 'mirror' }), heard({ route: 'b' })]), 0)

  const told = requests.take(7, answer(row('b1', 'BACKEND', 1, 0, 0), row('b2', 'BACKEND', 1, 0, 0)), { nowMs: 1, last: true })

  expect(told.map(({ route, by }) => [route, by])).toEqual([['a', 'mirror'], ['b', 'weight']])
})

test('only backends of gateways with traffic are asked for, and of very many some at a time', () => {
  const many: LogNames = { gateways: [], backends: Array.from({ length: 150 }, (_, number) => number === 0 ? undefined : backend(`r${number}`)) }
  const requests = unansweredRequests(() => many)
  expect(requests.question(0)).toBeUndefined()
  requests.heard(batchOf([heard()]), 0)

  const asked = Array.from({ length: 3 }, () => requests.question(1)?.split(';') ?? [])

  expect(asked.map(({ length }) => length)).toEqual([64, 64, 64])
  expect(new Set(asked.flat()).size).toBe(149)
  expect(asked[0]?.[0]).toBe('show stat b1 2 -1')
  expect(requests.question(60_001)).toBeUndefined()
})

test('however the looks fall, nothing is told twice, and at last everything', () => {
  // Of each request: when its two counters and its end are seen, in looks.
  const request = fc.record({ lost: fc.boolean(), begins: fc.nat(20), lasts: fc.nat(5) })
  fc.assert(fc.property(fc.array(request, { maxLength: 40 }), all => {
    const requests = unansweredRequests(() => names)
    requests.know(7)
    let told = 0
    for (let look = 0; look <= 30; look++) {
      const begun = all.filter(({ begins }) => begins <= look)
      const over = begun.filter(({ begins, lasts }) => begins + lasts <= look)
      told += requests.take(7, answer(row('b1', 'BACKEND', begun.length, over.filter(({ lost }) => !lost).length, begun.length - over.length)), at).length
      expect(told).toBeLessThanOrEqual(over.filter(({ lost }) => lost).length)
    }
    expect(told).toBe(all.filter(({ lost }) => lost).length)
  }))
})
