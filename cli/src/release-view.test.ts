import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { ReleaseView } from '@vamp/model/api/releases'
import { type Look, releaseText } from './release-view.ts'

const NOW = Date.parse('2030-01-31T12:05:00Z')

const ramping: ReleaseView = {
  name: 'shop-web-1.2', deployment: 'shop', cluster: 'web', from: 'web:1.1', to: 'web:1.2', phase: 'ramping', since: '2030-01-31T12:04:00Z', started: '2030-01-31T12:04:03Z',
  weight: 12.21, sentence: "No sign of harm. Errors are at most +0.42 points, so far. Requests slower than the old version's p99 are at most 2.1 times as frequent.", next: 'Next: 25 % when at most 10 requests could go wrong in 5 s.',
  evidence: [
    { metric: 'error_rate', finding: 'undecided', harm: 2.2, safety: 3.4, baseline: 0.001, canary: 0.002, odds: { low: 0.41, high: 4.5 }, sentence: '' },
    { metric: 'latency_p50', finding: 'not worse', harm: 0.1, safety: 120, baseline: 11.9, canary: 12.1, sentence: "50 % of the new version's requests took up to 12 ms; of the old version's, in the same seconds, 12 ms." },
    { metric: 'latency_p99', finding: 'undecided', harm: 0.3, safety: 8, baseline: 48, canary: 51, odds: { low: null, high: 2.1 }, sentence: '' },
  ],
  missing: [
    { is: 'time', sentence: 'faults that take time may still come; 4 minutes of watching are left', seconds: 243 },
    { is: 'errors', sentence: 'errors could be up to +0.42 points', seconds: 96 },
    { is: 'latency', sentence: 'p99 could be more than 25 % and 2 ms slower', seconds: null },
  ],
  harm: 1.2, rolls_back_at: 100, requests: { baseline: 5210, canary: 402 }, failed: { baseline: 6, canary: 1 }, excess: 0.5, budget: { spent: 1, total: 200 }, judged_until: 0,
}

const suspected: ReleaseView = {
  ...ramping, harm: 31, sentence: 'Evidence 31 to 1 for more errors: traffic frozen at 12 %. The new version failed 7 of 402 requests; the old version, in the same seconds, 0.4 of as many.', next: 'The share stays at 12 % until this is cleared up or proven.',
  evidence: ramping.evidence.map(evidence => evidence.metric === 'error_rate' ? { ...evidence, harm: 61, canary: 0.0174, odds: { low: 1.4, high: 44 } } : evidence), missing: [{ is: 'suspicion', sentence: 'evidence of harm is 31 to 1', seconds: null }],
}

const failing: ReleaseView = {
  ...suspected, failed: { baseline: 1, canary: 7 }, failures: {
    canary: [{ requests: 5, status: 500, method: 'GET', path: '/cart/:id' }, { requests: 1, status: 502, ending: 'server', method: 'POST', path: '/checkout' }, { requests: 1, status: 0, ending: 'server' }],
    baseline: [{ requests: 1, status: 504, ending: 'timeout', method: 'GET', path: '/search' }],
  },
}

const noisy: ReleaseView = {
  ...ramping, evidence: [
    ...ramping.evidence.map(evidence => evidence.metric === 'latency_p99' ? { ...evidence, noise: 6.42 } : { ...evidence, noise: 1.3 }),
    { metric: 'event:purchase', finding: 'worse', harm: 140, safety: 0.01, noise: 1, baseline: 0.0312, canary: 0.0118, odds: { low: 0.21, high: 0.74 }, sentence: "5 of 423 sessions of the new version led to purchase; of the old version's that began in the same seconds, 13.2 of as many." },
  ],
}

const looks: Look[] = [[1, 0], [1, 1], [1.1, 2], [1, 4], [1.4, 8], [2.4, 12], [8, 12], [31, 12]].map(([harm = 0, weight = 0]) => ({ harm, weight }))

test('what decided it is told once', () => {
  const sentence = 'The new version failed 7 of 402 requests; the old version, in the same seconds, 0.4 of as many.'
  const view: ReleaseView = { ...suspected, evidence: suspected.evidence.map(evidence => evidence.metric === 'error_rate' ? { ...evidence, finding: 'worse', sentence } : evidence) }

  const text = releaseText(view, { columns: 300, colours: createColors(false), now: () => NOW })

  expect(text.replaceAll(/\s+/g, ' ').split(sentence)).toHaveLength(2)
})

test.each([
  ['release-ramping.txt', ramping, 100, []],
  ['release-suspected-watched.txt', suspected, 100, looks],
  ['release-failing.txt', failing, 100, []],
  ['release-noisy.txt', noisy, 100, []],
  ['release-narrow.txt', ramping, 72, []],
  ['release-low-confidence.txt', { ...suspected, rolls_back_at: 5 }, 100, []],
  ['release-promoted.txt', { ...ramping, phase: 'keeping', verdict: 'promoted', weight: 100, sentence: 'Promoted after 301 s: errors are at most +0.08 points.', next: 'Version web:1.1 stays warm for 30 min: one call returns to it.' }, 100, []],
] as const)('a release is shown with its evidence and what it waits for (%s)', (file, view, columns, past) => {
  const text = releaseText(view, { columns, colours: createColors(false), now: () => NOW }, past)

  const golden = join(import.meta.dirname, 'testdata', file)
  if (process.env['UPDATE']) writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(columns)
})

test.each([
  [{ low: 0.002, high: 0.31 }, 'under 0.3 ×'], [{ low: 0.04, high: 12.4 }, '0.04 to 12 ×'], [{ low: 0.98, high: 1.04 }, '1.0 to 1.0 ×'], [{ low: 0.001, high: null }, ''], [{ low: null, high: 0.0004 }, 'under 0.01 ×'],
])('a ratio is never told as no times: %j is "%s"', (odds, expected) => {
  const [evidence] = ramping.evidence
  const text = releaseText({ ...ramping, evidence: evidence ? [{ ...evidence, odds }] : [] }, { columns: 100, colours: createColors(false), now: () => NOW })

  expect(text.split('\n').find(line => line.startsWith('error_rate'))?.split(/ {2,}/).at(-1)).toBe(expected === '' ? '0.2%' : expected)
})
