import fc from 'fast-check'
import { expect, test } from 'vitest'
import { failuresText, sumOf, summedFailures } from './failed-requests.ts'
import type { FailedRequests } from './metric.ts'

const on = (path: string, requests = 1, status = 500): FailedRequests => ({ requests, status, method: 'GET', path })

test('failures of the same kind are one, the most frequent first', () => {
  expect(summedFailures([on('/b'), on('/a', 2), on('/b', 3), { ...on('/b'), ending: 'server' }, { requests: 1, status: 0, ending: 'server' }], 4))
    .toEqual([on('/b', 4), on('/a', 2), { requests: 1, status: 0, ending: 'server' }, { ...on('/b'), ending: 'server' }])
})

test('what there is no room for loses its path first, then everything but its number', () => {
  expect(summedFailures([on('/often', 9), on('/x', 2), on('/y', 1), on('/z', 1, 503)], 2)).toEqual([on('/often', 8), { requests: 3, status: 500 }, on('/x', 1), { requests: 1, status: 503 }])
  expect(summedFailures([500, 501, 502].map(status => ({ requests: 4, status })), 2)).toEqual([{ requests: 12 }])
})

test('the sum is exact in whatever order they come, and what is frequent is found, told too low by no more than promised', () => {
  const failure = fc.record({ requests: fc.integer({ min: 1, max: 9 }), status: fc.constantFrom(0, 500, 503), ending: fc.constantFrom('server' as const, 'timeout' as const), method: fc.constant('GET'), path: fc.constantFrom(...'abcdefghij') })
  fc.assert(fc.property(fc.array(fc.array(failure, { maxLength: 12 }), { maxLength: 12 }), fc.integer({ min: 1, max: 6 }), (seconds, room) => {
    let told: readonly FailedRequests[] = []
    for (const second of seconds) told = summedFailures([...told, ...second], room)
    const exact = summedFailures(seconds.flat(), Number.POSITIVE_INFINITY)
    const total = sumOf(exact)

    expect(sumOf(told)).toBe(total)
    expect(told.length).toBeLessThanOrEqual(2 * room + 1)
    for (const { requests, ...kind } of exact) {
      const found = told.find(({ requests: _, ...other }) => JSON.stringify(other) === JSON.stringify(kind))?.requests ?? 0
      expect(found).toBeLessThanOrEqual(requests)
      expect(found).toBeGreaterThanOrEqual(requests - total / (room + 1))
    }
  }))
})

test.each([
  [[], ''],
  [[on('/cart', 5), { requests: 2, status: 502, ending: 'server', method: 'GET', path: '/' }], '5 × 500 on GET /cart, 2 × 502 (broken off by the instance) on GET /'],
  [[{ requests: 3, status: 0, ending: 'server' }, { requests: 1, status: 0 }], '3 × broken off by the instance, 1 × no answer'],
  [[on('/a', 4), on('/b', 3), on('/c', 2), { requests: 1 }], '4 × 500 on GET /a, 3 × 500 on GET /b, 3 others'],
] as const)('they are told in words: %j', (failures, text) => {
  expect(failuresText(failures, 2)).toBe(text)
})
