/** From played releases to the rows of the table. */
import { type Kind, KINDS, type Played } from './lanes.ts'

export interface Row {
  readonly kind: Kind
  readonly runs: number
  /** Rolled back where something is wrong; promoted, or held, where nothing is. */
  readonly right: number
  readonly rolled_back: number
  readonly promoted: number
  readonly held: number
  readonly seconds_p50: number | null
  readonly seconds_p95: number | null
  /** Requests that failed on the new version. */
  readonly failed_p50: number
  readonly failed_most: number
  /** Requests that nobody answered although no version crashed: all that the machinery of releases could have lost. */
  readonly unanswered: number
}

export function rowsOf(played: readonly Played[]): Row[] {
  return KINDS.flatMap(kind => {
    const own = played.filter(one => one.kind === kind)
    if (own.length === 0) return []
    const count = (verdict: Played['verdict']) => own.filter(one => one.verdict === verdict).length
    const right = own.filter(one => kind === 'healthy' ? one.verdict === 'promoted' || one.verdict === 'held' : one.verdict === 'rolled_back' || (kind === 'crash' && one.verdict === 'failed')).length
    const seconds = own.filter(({ verdict }) => kind !== 'healthy' || verdict === 'promoted').flatMap(one => one.seconds ?? [])
    return [{
      kind, runs: own.length, right, rolled_back: count('rolled_back') + count('failed'), promoted: count('promoted'), held: count('held'),
      seconds_p50: percentile(seconds, 0.5), seconds_p95: percentile(seconds, 0.95),
      failed_p50: percentile(own.map(({ failed }) => failed), 0.5) ?? 0, failed_most: Math.max(...own.map(({ failed }) => failed)),
      unanswered: own.reduce((sum, one) => sum + one.unanswered, 0),
    }]
  })
}

export function table(rows: readonly Row[]): string {
  const head = ['version', 'runs', 'right', 'rolled back', 'promoted', 'held', 'p50 s', 'p95 s', 'failed p50', 'most', 'unanswered']
  const lines = rows.map(row => [row.kind, row.runs, row.right, row.rolled_back, row.promoted, row.held, decimal(row.seconds_p50), decimal(row.seconds_p95), row.failed_p50, row.failed_most, row.unanswered].map(String))
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map(line => line[at]?.length ?? 0)))
  return [head, ...lines].map(line => line.map((cell, at) => at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)).join('  ')).join('\n')
}

function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null
}

const decimal = (value: number | null) => value === null ? '–' : value.toFixed(1)
