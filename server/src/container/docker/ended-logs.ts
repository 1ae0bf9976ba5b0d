/** The last lines of instances whose containers, and with them their logs, are gone. */
import type { LogLine } from '../container-driver.ts'

/** Instances, and lines of each. */
const ENDED_LOGS_MAX = 100
const ENDED_LINES_MAX = 200

export interface EndedLogs {
  readonly linesMax: number
  keep(id: string, lines: readonly LogLine[]): void
  read(id: string, options: { readonly tail: number | undefined; readonly since: number | undefined }): readonly LogLine[]
}

export function openEndedLogs(): EndedLogs {
  const kept = new Map<string, readonly LogLine[]>()
  return {
    linesMax: ENDED_LINES_MAX,
    keep(id, lines) {
      kept.delete(id)
      kept.set(id, lines)
      for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - ENDED_LOGS_MAX))) kept.delete(oldest)
    },
    read(id, { tail, since = 0 }) {
      const lines = (kept.get(id) ?? []).filter(({ time }) => time >= since)
      return tail === undefined ? lines : tail === 0 ? [] : lines.slice(-tail)
    },
  }
}
