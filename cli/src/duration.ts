/** `10s`, `5m`, `2h`, `7d` as people type them. */
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds. `flag` is named where it is none. */
export function durationOf(text: string, flag: string): number {
  const [, digits, unit = ''] = /^([1-9]\d{0,6})([smhdw]?)$/.exec(text) ?? []
  if (digits === undefined) throw new CommandFailure(EXIT.usage, `${flag} ${text} is no duration; write 30s, 10m, 2h or 7d`)
  return Number(digits) * (SECONDS[unit] ?? 1)
}

/** `90` → `90s`, `600` → `10m`. */
export function durationText(seconds: number): string {
  for (const unit of ['d', 'h', 'm']) {
    const size = SECONDS[unit] ?? 1
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}
