import { expect, test } from 'vitest'
import { isWithin, parseTimeWindow } from './time-window.ts'

const within = (window: string, at: string) => {
  const parsed = parseTimeWindow(window)
  if (!parsed) throw new Error(`${window} is no window`)
  return isWithin(parsed, Date.parse(at))
}

test('hours are those of the time zone, in summer and in winter', () => {
  expect(within('Mon-Thu 09:00-16:00 Europe/Amsterdam', '2026-07-06T07:00:00Z')).toBe(true)
  expect(within('Mon-Thu 09:00-16:00 Europe/Amsterdam', '2026-12-07T07:30:00Z')).toBe(false)
  expect(within('Mon-Thu 09:00-16:00 Europe/Amsterdam', '2026-12-07T08:00:00Z')).toBe(true)
  expect(within('Mon-Thu 09:00-16:00 Europe/Amsterdam', '2026-12-07T15:00:00Z')).toBe(false)
  expect(within('Mon-Thu 09:00-16:00 Europe/Amsterdam', '2026-12-11T10:00:00Z')).toBe(false)
})

test('a window over midnight belongs to the day on which it begins', () => {
  expect(within('Fri 22:00-02:00', '2026-12-11T23:00:00Z')).toBe(true)
  expect(within('Fri 22:00-02:00', '2026-12-12T01:59:00Z')).toBe(true)
  expect(within('Fri 22:00-02:00', '2026-12-12T23:00:00Z')).toBe(false)
  expect(within('Fri 22:00-02:00', '2026-12-11T01:00:00Z')).toBe(false)
})

test('days may be lists, spans over the weekend, or left out', () => {
  expect(within('Sat-Mon,Wed 10:00-11:00', '2026-12-09T10:30:00Z')).toBe(true)
  expect(within('Sat-Mon,Wed 10:00-11:00', '2026-12-13T10:30:00Z')).toBe(true)
  expect(within('Sat-Mon,Wed 10:00-11:00', '2026-12-08T10:30:00Z')).toBe(false)
  expect(within('00:00-24:00', '2026-12-08T23:59:00Z')).toBe(true)
})

test.each(['', 'Mon', '9-16', 'Mon 09:00-09:00', 'Xyz 09:00-10:00', 'Mon 25:00-26:00', 'Mon 09:60-10:00', 'Mon 09:00-10:00 Mars/Olympus'])('%j is no window', text => {
  expect(parseTimeWindow(text)).toBeUndefined()
})
