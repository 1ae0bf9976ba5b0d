/** Times in questions about events: ISO-8601, milliseconds, or `now`, `now-5m`, `now+1d`, `now-1h/h` as Elasticsearch writes them. */

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, H: 3_600_000, d: 86_400_000, w: 604_800_000, M: 30 * 86_400_000, y: 365 * 86_400_000 }

/** Unix milliseconds, or nothing if it is no time. Months count 30 days, years 365; rounding is down, in UTC. */
export function eventTime(text: string, nowMs: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  const maths = /^now((?:[+-]\d+[smhHdwMy])*)(?:\/([smhHdw]))?$/.exec(text)
  if (!maths) {
    const at = Date.parse(text)
    return /^\d{4}-\d\d/.test(text) && Number.isFinite(at) ? at : undefined
  }
  const [, steps = '', rounding] = maths
  const at = [...steps.matchAll(/([+-])(\d+)(\w)/g)].reduce((ms, [, sign, amount, unit = '']) => ms + (sign === '-' ? -1 : 1) * Number(amount) * (UNITS_MS[unit] ?? 0), nowMs)
  const unit = rounding === undefined ? 1 : UNITS_MS[rounding] ?? 1
  return Math.floor(at / unit) * unit
}
