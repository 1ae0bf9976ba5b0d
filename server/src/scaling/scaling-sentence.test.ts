import { expect, test } from 'vitest'
import { scalingSentence } from './scaling-sentence.ts'

const READING = { signal: 'requests', value: 300, unit: 'requests/s', target: 62, wanted: 5, perInstance: 62 }

test('a forecast that decides names what it expects and its head-room', () => {
  const forecast = { expected: 400, upper: 460, trusted: true, error: 0.4, sentence: '' }

  expect(scalingSentence({ instances: 8, wanted: 8, granted: 8, limits: [], minimum: 1, forecast }, [READING]))
    .toBe('8 instances because 400 requests/s are expected, 460 with head-room for what the forecast errs by, at 62 per instance.')
})

test('without one the signal decides, and what limits it is said', () => {
  expect(scalingSentence({ instances: 7, wanted: 8, granted: 7, limits: [{ is: 'maximum', value: 7 }], minimum: 1 }, [{ ...READING, value: 412, wanted: 8 }]))
    .toBe('7 instances because 412 requests/s at 62 per instance; wanted 8, limited by maximum 7.')
})
