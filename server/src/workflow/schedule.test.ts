import { expect, test } from 'vitest'
import { dueMoments, type Progress, type TimeSchedule } from './schedule.ts'

const at = (text: string) => Date.parse(text)
const NOON = at('2026-01-31T12:00:00Z')

/** Asks at each of the moments, as a server that looks now and then does, and collects what is due. */
function ask(schedule: Omit<TimeSchedule, 'is'>, moments: readonly number[], limit = 100): string[] {
  let progress: Progress | undefined
  return moments.flatMap(now => {
    const due = dueMoments({ is: 'time', ...schedule }, progress, now, limit)
    progress = due.progress
    return due.moments.map(ms => new Date(ms).toISOString())
  })
}

test('a period neither drifts nor skips, whenever it is looked at', () => {
  expect(ask({ period: 'PT10S' }, [NOON, NOON + 9_999, NOON + 10_001, NOON + 12_000, NOON + 35_000])).toEqual(['2026-01-31T12:00:10.000Z', '2026-01-31T12:00:20.000Z', '2026-01-31T12:00:30.000Z'])
})

test('a start is the first moment, and one in the past brings nothing of the past', () => {
  expect(ask({ period: 'PT1H', start: 'now' }, [NOON, NOON + 1])).toEqual(['2026-01-31T12:00:00.000Z'])
  expect(ask({ period: 'PT1H', start: '2026-01-31T11:30:00Z' }, [NOON, NOON + 3_600_000])).toEqual(['2026-01-31T12:30:00.000Z'])
  expect(ask({ period: 'PT1H', start: '2026-01-31T15:00:00+02:00' }, [NOON, NOON + 3_600_000, NOON + 7_200_000])).toEqual(['2026-01-31T13:00:00.000Z', '2026-01-31T14:00:00.000Z'])
})

test('a repeat ends it', () => {
  expect(ask({ period: 'PT1S', repeat: 3 }, [NOON, NOON + 2000, NOON + 60_000])).toHaveLength(3)
  expect(dueMoments({ is: 'time', period: 'PT1S', repeat: 0 }, undefined, NOON, 10)).not.toHaveProperty('nextMs')
})

test('months are counted from the anchor', () => {
  expect(ask({ period: 'P1M' }, [NOON, at('2026-04-01T00:00:00Z')])).toEqual(['2026-02-28T12:00:00.000Z', '2026-03-31T12:00:00.000Z'])
})

test('a cron line names minutes in UTC, also with seconds', () => {
  expect(ask({ period: '0 9 * * 1-5' }, [NOON, at('2026-02-03T10:00:00Z')])).toEqual(['2026-02-02T09:00:00.000Z', '2026-02-03T09:00:00.000Z'])
  expect(ask({ period: '*/20 * * * * *' }, [NOON, NOON + 45_000])).toEqual(['2026-01-31T12:00:20.000Z', '2026-01-31T12:00:40.000Z'])
})

test('after a long absence the newest are handed out and the others counted', () => {
  const { progress } = dueMoments({ is: 'time', period: 'PT1S' }, undefined, NOON, 100)
  const due = dueMoments({ is: 'time', period: 'PT1S' }, progress, NOON + 86_400_000, 5)
  expect([due.moments.length, due.leftOut, due.nextMs]).toEqual([5, 86_395, NOON + 86_401_000])
})

test('another schedule begins anew', () => {
  const { progress } = dueMoments({ is: 'time', period: 'PT1S' }, undefined, NOON, 100)
  expect(dueMoments({ is: 'time', period: 'PT7S' }, progress, NOON + 10_000, 100)).toEqual(expect.objectContaining({ moments: [], nextMs: NOON + 17_000 }))
})
