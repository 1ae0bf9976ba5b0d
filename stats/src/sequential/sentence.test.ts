import { expect, test } from 'vitest'
import * as say from './sentence.ts'

const finding = say.errors(12, 1043, 1.04)

test('a rollback says when, on what, how sure and at what price', () => {
  expect(say.rolledBack(74, finding, 134.7, 10.96)).toBe(
    'Rolled back after 74 s. The new version failed 12 of 1 043 requests; the old version, in the same seconds, 1 of as many. '
    + 'If they were equally good, a gap this large would be seen in fewer than 1 of 130 releases. 11 requests failed that would not have.')
})

test('evidence beyond counting is told as a round number, and one request is one', () => {
  expect(say.rolledBack(2, say.errors(4, 4, 0), 1e300, 1)).toBe(
    'Rolled back after 2 s. The new version failed 4 of 4 requests; the old version, in the same seconds, 0 of as many. '
    + 'If they were equally good, a gap this large would be seen in fewer than 1 of 1 000 000 releases. 1 request failed that would not have.')
})

test('a latency names the share of requests and both levels', () => {
  expect(say.latency(0.99, 812.4, 404.1)).toBe("99 % of the new version's requests took up to 812 ms; of the old version's, in the same seconds, 404 ms.")
  expect(say.latency(0.999, 8.123, 4)).toBe("99.9 % of the new version's requests took up to 8.1 ms; of the old version's, in the same seconds, 4 ms.")
  expect(say.latency(0.5, null, 4)).toBe('No latency was compared yet.')
})

test('a suspicion is odds, and says what was done about it', () => {
  expect(say.suspicion(7.4, 'latency_p99', 0.12, say.latency(0.99, 812, 404))).toBe(
    "Evidence 7 to 1 for slower p99: traffic frozen at 12 %. 99 % of the new version's requests took up to 812 ms; of the old version's, in the same seconds, 404 ms.")
})

test('while nothing is wrong it says how bad it could still be', () => {
  expect(say.noHarm(0.00412, [])).toBe('No sign of harm. Errors are at most +0.41 points, so far.')
  expect(say.noHarm(1, [])).toBe('No sign of harm; nothing is known yet.')
})

test('waiting names the longest wait, or the budget that has to allow the next share', () => {
  const missing = [{ sentence: say.tooEarly(30), seconds: 30 }, { sentence: say.errorsUnsure(0.0057), seconds: 1200 }]

  expect(say.waiting(missing, undefined)).toBe('Waiting: errors could be up to +0.57 points; about 20 minutes more at this rate.')
  expect(say.waiting(missing, { share: 0.25, settings: { exposure: { badRequests: 5, seconds: 5 } } })).toBe('Next: 25 % when at most 5 requests could go wrong in 5 s.')
})

test('undecided lists what is still possible', () => {
  expect(say.undecided([{ sentence: say.errorsUnsure(0.004), seconds: null }, { sentence: say.latencyUnsure(0.99, 0.25), seconds: null }]))
    .toBe('Not decided in the time given: errors could be up to +0.4 points; p99 could be more than 25 % and 2 ms slower.')
})

test('a wrong share is told in shares', () => {
  expect(say.wrongShare(0.1, { canary: 50, baseline: 950 })).toBe(
    'The new version gets 5 % of the requests although 10 % were ordered: router or measurement is wrong, nothing is compared')
})
