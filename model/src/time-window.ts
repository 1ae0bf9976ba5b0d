/** `Mon-Thu 09:00-16:00 Europe/Amsterdam`: hours of some days of the week, in a time zone. A window that ends before it begins reaches into the next day. */

export interface TimeWindow {
  /** 0 = Sunday. Those on which it begins. */
  readonly days: ReadonlySet<number>
  /** Minutes since midnight: [from, to). */
  readonly from: number
  readonly to: number
  readonly zone: string
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const DAY_MINUTES = 24 * 60

/** Days may be a list of days and spans; they and the time zone (UTC) may be left out. */
export function parseTimeWindow(text: string): TimeWindow | undefined {
  const [, days = 'Sun-Sat', from = '', to = '', zone = 'UTC'] = /^(?:([A-Za-z]{3}(?:[-,][A-Za-z]{3})*)\s+)?(\d{1,2}:\d{2})-(\d{1,2}:\d{2})(?:\s+([\w+/-]+))?$/.exec(text.trim()) ?? []
  const [begins, ends] = [minutes(from), minutes(to)]
  const named = days.split(',').map(span)
  if (begins === undefined || ends === undefined || begins === ends || begins === DAY_MINUTES || named.includes(undefined) || !isZone(zone)) return undefined
  return { days: new Set(named.flatMap(list => list ?? [])), from: begins, to: ends, zone }
}

export function isWithin({ days, from, to, zone }: TimeWindow, atMs: number): boolean {
  const { day, minute } = localTime(atMs, zone)
  if (from < to) return days.has(day) && minute >= from && minute < to
  return (days.has(day) && minute >= from) || (days.has((day + 6) % 7) && minute < to)
}

function localTime(atMs: number, zone: string): { day: number; minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(atMs)
  const part = (type: string) => parts.find(found => found.type === type)?.value ?? ''
  return { day: DAYS.indexOf(part('weekday')), minute: Number(part('hour')) * 60 + Number(part('minute')) }
}

function span(text: string): readonly number[] | undefined {
  const ends = text.split('-').map(name => DAYS.findIndex(day => day.toLowerCase() === name.toLowerCase()))
  const [first = -1, last = first] = ends
  if (ends.length > 2 || first < 0 || last < 0) return undefined
  return Array.from({ length: (last - first + 7) % 7 + 1 }, (_, offset) => (first + offset) % 7)
}

function minutes(text: string): number | undefined {
  const [hours = Number.NaN, rest = Number.NaN] = text.split(':').map(Number)
  const total = hours * 60 + rest
  return rest < 60 && total <= DAY_MINUTES ? total : undefined
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
