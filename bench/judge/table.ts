/** Rows for people. */
import type { Row } from './rows.ts'

export function table(rows: readonly Row[]): string {
  const head = ['scenario', 'rps', 'method', 'runs', 'false', 'found', 'p50 s', 'p95 s', 'excess', 'escaped', 'held']
  const lines = rows.map(row => [
    row.scenario, String(row.rps), row.method, String(row.runs), percent(row.false_rollback), percent(row.detected),
    whole(row.seconds_p50), whole(row.seconds_p95), row.excess_p50 === null ? '' : String(Number(row.excess_p50.toPrecision(3))), percent(row.escaped), percent(row.held),
  ])
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map(line => line[at]?.length ?? 0)))
  const line = (cells: readonly string[]) => cells.map((cell, at) => at === 0 || at === 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)).join('  ')
  return [line(head), ...lines.map(line)].join('\n')
}

function percent(share: number | null): string {
  return share === null ? '' : `${Number((share * 100).toFixed(1))} %`
}

function whole(value: number | null): string {
  return value === null ? '–' : String(Math.round(value))
}
