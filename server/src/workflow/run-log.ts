/** What one run prints: the newest lines are kept, the others counted. */
import type { RunLine } from '@vamp/model/workflow-run'
import { LOG_CHARS_KEPT, LOG_LINES_KEPT } from './limits.ts'
import type { PrintedLine } from './runner.ts'

export interface RunLog {
  readonly lines: readonly RunLine[]
  readonly leftOut: number
}

export const emptyLog: RunLog = { lines: [], leftOut: 0 }

export function addLines({ lines, leftOut }: RunLog, printed: readonly PrintedLine[], missing: number): RunLog {
  const all = [...lines, ...printed.map(({ time, level, line }) => ({ timestamp: new Date(time).toISOString(), level, line }))]
  let chars = all.reduce((sum, { line }) => sum + line.length, 0)
  let from = Math.max(0, all.length - LOG_LINES_KEPT)
  for (let index = 0; index < from; index++) chars -= all[index]?.line.length ?? 0
  for (; chars > LOG_CHARS_KEPT && from < all.length - 1; from++) chars -= all[from]?.line.length ?? 0
  return { lines: all.slice(from), leftOut: leftOut + missing + from }
}
