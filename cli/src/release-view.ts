/** A release as a person wants to see it: where it is, why, on what evidence, and what comes next. */
import type { ReleaseView } from '@vamp/model/api/releases'
import type { MetricEvidence } from '@vamp/model/release-status'
import { age } from './columns.ts'
import type { Io } from './io.ts'
import { table } from './table.ts'

const BAR = 40
/** Odds against the new version at which the ramp freezes, people are warned, and it is rolled back (99 % confidence). */
const MARKS = [3, 20, 100] as const

export function releaseText(view: ReleaseView, { columns, colours, now }: Pick<Io, 'columns' | 'colours' | 'now'>): string {
  const width = Math.min(columns, 120)
  const lines = [
    `${colours.bold(view.name)}  ${view.deployment}/${view.cluster}: ${view.from || '?'} → ${view.to}`,
    `${phaseText(view, colours)} for ${age(view.since, now())}${view.started ? `, first request ${age(view.started, now())} ago` : ''}`,
    ...wrap(view.sentence, width).map(line => `  ${line}`),
    ...(view.next ? wrap(`Next: ${view.next}`, width).map(line => `  ${line}`) : []),
    '',
    `traffic   ${bar(view.weight / 100, colours.cyan)} ${view.weight}% to ${view.to}`,
    `harm      ${bar(logScale(view.harm), harmColour(view.harm, colours), MARKS.map(logScale))} ${odds(view.harm)}  (freeze ${MARKS[0]}, warn ${MARKS[1]}, roll back ${MARKS[2]})`,
    `exposure  ${bar(view.budget.total > 0 ? view.budget.spent / view.budget.total : 0, colours.yellow)} ${round(view.budget.spent)} of ${view.budget.total} bad requests`,
    `requests  ${view.requests.canary} to ${view.to}, ${view.failed.canary} failed; ${view.requests.baseline} to ${view.from || 'the old version'}, ${view.failed.baseline} failed`,
  ]
  return `${lines.map(line => line.trimEnd()).join('\n')}\n${view.evidence.length > 0 ? `\n${evidenceTable(view.evidence, width, colours)}` : ''}`
}

function evidenceTable(evidence: readonly MetricEvidence[], width: number, colours: Io['colours']): string {
  const rows = table(
    [{ title: 'METRIC' }, { title: 'FINDING' }, { title: 'HARM', right: true }, { title: 'SAFETY', right: true }, { title: 'OLD', right: true }, { title: 'NEW', right: true }],
    evidence.map(({ metric, finding, harm, safety, baseline, canary }) => [metric, finding, odds(harm), odds(safety), level(metric, baseline), level(metric, canary)]),
    { width, head: colours.bold },
  )
  const decided = evidence.filter(({ finding }) => finding !== 'undecided').flatMap(({ sentence }) => wrap(sentence, width).map((line, index) => `${index === 0 ? '- ' : '  '}${line}\n`))
  return `${rows}${decided.length > 0 ? '\n' : ''}${decided.join('')}`
}

/** A share of requests, or milliseconds. */
function level(metric: string, value: number | null): string {
  if (value === null) return '–'
  return metric.startsWith('latency') ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : metric === 'error_rate' ? `${Math.round(value * 10_000) / 100}%` : String(round(value))
}

function phaseText({ phase, verdict }: ReleaseView, colours: Io['colours']): string {
  const text = phase.replaceAll('_', ' ')
  if (verdict === 'promoted') return colours.green(text)
  if (verdict !== undefined || phase === 'rolling_back') return colours.red(text)
  return phase === 'paused' || phase === 'holding' ? colours.yellow(text) : colours.cyan(text)
}

/** 1 is nothing, 1000 is the end. */
const logScale = (harm: number) => Math.max(0, Math.min(1, Math.log10(Math.max(1, harm)) / 3))

const harmColour = (harm: number, colours: Io['colours']) => harm >= MARKS[1] ? colours.red : harm >= MARKS[0] ? colours.yellow : colours.green

function bar(share: number, colour: (text: string) => string, marks: readonly number[] = []): string {
  const filled = Math.round(Math.max(0, Math.min(1, share)) * BAR)
  const cells = Array.from({ length: BAR }, (_, index) => marks.some(mark => Math.round(mark * BAR) === index + 1) ? '|' : index < filled ? '█' : '·')
  return `${colour(cells.slice(0, filled).join(''))}${cells.slice(filled).join('')}`
}

export function odds(harm: number): string {
  if (harm < 1.5) return 'none'
  return harm >= 10_000 ? '> 10000:1' : `${harm < 10 ? harm.toFixed(1) : Math.round(harm)}:1`
}

const round = (value: number) => Math.round(value * 10) / 10

export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width - 2) { lines.push(line); line = word }
    else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
