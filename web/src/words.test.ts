import { expect, test } from 'vitest'
import { duration, grouped, measured, metricName, odds, percent, timesText, noiseText, scheduleWords } from './words.ts'

test('times are said in the unit that a person would use', () => {
  expect([0, 12_400, 119_000, 600_000, 3 * 3_600_000, 3 * 86_400_000, -5].map(duration)).toEqual(['0 s', '12 s', '119 s', '10 min', '3 h', '3 d', '0 s'])
})

test('odds are said with no more digits than they deserve', () => {
  expect([0.3, 1, 2.34, 20.4, 1234, 5e6, Number.POSITIVE_INFINITY].map(odds)).toEqual(['none', 'none', '2.3 : 1', '20 : 1', '1\u202f234 : 1', '> 1 000 000 : 1', 'overwhelming'])
})

test('shares, counts and metrics', () => {
  expect([0, 0.25, 12.345, 100].map(percent)).toEqual(['0 %', '0.25 %', '12.3 %', '100 %'])
  expect([999, 1000, 1_234_567].map(grouped)).toEqual(['999', '1\u202f000', '1\u202f234\u202f567'])
  expect(['error_rate', 'latency_p50', 'latency_p999', 'event:bought'].map(metricName)).toEqual(['errors', 'p50', 'p99.9', 'event:bought'])
  expect([measured('error_rate', 0.0125), measured('latency_p99', 93.4), measured('latency_p50', 3.21), measured('error_rate', null)]).toEqual(['1.3 %', '93 ms', '3.2 ms', '–'])
})

test('a band of ratios says what of it is known', () => {
  expect([timesText(0.756, 2.13), timesText(null, 9.49), timesText(12.4, null), timesText(null, null)]).toEqual(['0.76 to 2.1 ×', 'at most 9.5 ×', 'at least 12 ×', ''])
})

test('noise is told where it is some', () => {
  expect([undefined, 1, 1.1, 2.34, 14.2].map(noiseText)).toEqual(['–', '1 ×', '1 ×', '2.3 ×', '14 ×'])
})

test('a schedule is told in words', () => {
  expect(['daemon', { event: { tags: ['deployments', 'shop'] } }, { time: { period: 'PT1M' } }].map(scheduleWords)).toEqual(['all the time', 'on events tagged deployments and shop', 'at times: PT1M'])
})
