/** Units as the language writes them. A text that is not one gives `undefined`; printers give what the parser reads back to the same number. */
import type { Port } from './port.ts'

const DIGITS_MAX = 30

/** `50%`, `2.5%` → 50, 2.5; from 0 to 100. The original took whole percents only. */
export function parsePercentage(text: string): number | undefined {
  const [, digits] = /^\s*(\d{1,3}(?:\.\d{0,30})?|\.\d{1,30})\s*%\s*$/.exec(text) ?? []
  const value = Number(digits)
  return value <= 100 ? value : undefined
}

export function printPercentage(percent: number): string {
  return `${decimal(percent)}%`
}

/** To megabytes of 10⁶ bytes. The binary units keep the original's measure: `Ki` is 1/1024, `Mi` 1.024 and `Gi` 1024 of them. */
const MEGABYTES: Readonly<Record<string, (amount: number) => number>> = {
  k: amount => amount / 1000, kb: amount => amount / 1000, ki: amount => amount / 1024,
  m: amount => amount, mb: amount => amount, mi: amount => amount * 1.024,
  g: amount => amount * 1000, gb: amount => amount * 1000, gi: amount => amount * 1024,
}

/** `64MB`, `128 Mi`, `.5GB`, the unit in any case → megabytes. */
export function parseMemory(text: string): number | undefined {
  const [, digits, unit = ''] = /^\s*(\d+\.?\d*|\.\d+)\s*([kmg][bi]?)\s*$/i.exec(text) ?? []
  if (digits === undefined || digits.length > DIGITS_MAX) return undefined
  return MEGABYTES[unit.toLowerCase()]?.(Number(digits))
}

/** `64.00MB`: two digits after the point, more where the amount needs them. */
export function printMemory(megabytes: number): string {
  return `${decimal(megabytes, 2)}MB`
}

/** `0.5`, `2`, `500m` → cores. */
export function parseCpu(text: string): number | undefined {
  const [, digits, milli] = /^\s*(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)\s*(m?)\s*$/i.exec(text) ?? []
  if (digits === undefined || digits.length > DIGITS_MAX) return undefined
  return milli ? Number(digits) / 1000 : Number(digits)
}

const SECONDS: Readonly<Record<string, number>> = {
  s: 1, sec: 1, second: 1, seconds: 1, m: 60, min: 60, minute: 60, minutes: 60, h: 3600, hrs: 3600, hour: 3600, hours: 3600,
}

/** `90s`, `5m`, `1hour`, and beyond the original `0.5s` and `200ms` → seconds. */
export function parseTime(text: string): number | undefined {
  const [, digits, unit = ''] = /^\s*(\d+(?:\.\d+)?)([a-z]+)\s*$/.exec(text) ?? []
  if (digits === undefined || digits.length > DIGITS_MAX) return undefined
  if (unit === 'ms') return Number(digits) / 1000
  const seconds = SECONDS[unit]
  return seconds === undefined ? undefined : Number(digits) * seconds
}

export function printTime(seconds: number): string {
  return `${decimal(seconds)}s`
}

/** `8080`, `6379/tcp`, or the reference that stands there. */
export function printPort({ number, type, expression }: Port): string {
  const value = expression ?? String(number)
  return type === 'http' ? value : `${value}/${type}`
}

/** The shortest decimal notation, never an exponent, that reads back as `value`. */
function decimal(value: number, digitsMin = 0): string {
  for (let digits = digitsMin; digits < 100; digits++) if (Number(value.toFixed(digits)) === value) return value.toFixed(digits)
  return value.toFixed(100)
}
