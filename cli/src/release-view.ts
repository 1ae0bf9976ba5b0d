/** A release as a person wants to see it: where it is, why, on what evidence, and what comes next. */
import type { ReleaseView } from '@vamp/model/api/releases'
import { failuresText } from '@vamp/model/failed-requests'
import type { FailedRequests } from '@vamp/model/metric'
import { type MetricEvidence, PHASE_LABELS, type ReleasePhase } from '@vamp/model/release-status'
import { age } from './columns.ts'
import { meter, scaleOf, spark } from './evidence-line.ts'
import type { Io } from './io.ts'
import { table } from './table.ts'
import { wrap } from './wrap.ts'

const WIDTH_MAX = 120
const BAR = 40
/** Below this many columns lines are shorter and words fewer. */
const NARROW = 90
const [LINE, LINE_NARROW] = [20, 10]
/** Odds against the new version at which the ramp freezes, and at which people are warned. */
const [FREEZES, WARNS, ROLLS_BACK] = [3, 20, 100]

/** One look at a release, for what is shown of its past while it is watched. */
export interface Look { readonly harm: number; readonly weight: number }

/** As many looks as a line has columns. */
export const LOOKS_MAX = BAR

export function releaseText(view: ReleaseView, { columns, colours, now }: Pick<Io, 'columns' | 'colours' | 'now'>, looks: readonly Look[] = []): string {
  const width = Math.min(columns, WIDTH_MAX)
  const lines = [
    `${colours.bold(view.name)}  ${view.deployment}/${view.cluster}: ${view.from || '?'} → ${view.to}`,
    `${phaseText(view, colours)} for ${age(view.since, now())}${view.started ? `, first request ${age(view.started, now())} ago` : ''}`,
    ...wrap(view.sentence, width).map(line => `  ${line}`),
    ...(view.next ? wrap(/^(Next|Waiting|Paused|Frozen|Version|Correct)\b/.test(view.next) ? view.next : `Next: ${view.next}`, width).map(line => `  ${line}`) : []),
    '',
    ...meters(view, colours, looks, width),
    `requests  ${view.requests.canary} to ${view.to}, ${view.failed.canary} failed; ${view.requests.baseline} to ${view.from || 'the old version'}, ${view.failed.baseline} failed`,
    ...failureLines(view, width),
    ...variantLines(view, width, colours),
    ...gateLines(view, width),
    ...missingLines(view, width),
    ...printedLines(view, width, colours),
  ]
  return `${lines.map(line => line.trimEnd()).join('\n')}\n${view.evidence.length > 0 ? `\n${evidenceText(view, width, colours)}` : ''}`
}

function meters(view: ReleaseView, colours: Io['colours'], looks: readonly Look[], width: number): string[] {
  const marks = marksOf(view)
  const { spent, total } = view.budget
  return [
    `traffic   ${meter(view.weight / 100, BAR, { colour: colours.cyan })} ${view.weight}% to ${view.to}`,
    `harm      ${meter(scaleOf(view.harm), BAR, { marks: marks.map(scaleOf), colour: harmColour(view.harm, marks, colours) })} ${odds(view.harm)}`,
    `          ${colours.dim(markLine(marks, width))}`,
    ...(looks.length > 1 ? [`  lately  ${spark(looks.map(({ harm }) => scaleOf(harm)), BAR)}`] : []),
    `exposure  ${meter(total > 0 ? spent / total : 0, BAR, { colour: colours.yellow })} ${round(spent)} of ${total} bad requests`,
  ]
}

/** `3 freezes, 20 warns, 100 rolls back`, each below its mark as far as there is room. */
function markLine(marks: readonly number[], width: number): string {
  const line = marks.reduce((text, mark) => `${text.padEnd(Math.max(text === '' ? 0 : text.length + 1, Math.round(scaleOf(mark) * BAR) - 1))}${mark}`, '')
  return width < NARROW ? line : `${line.padEnd(BAR)} ${marks.length === 3 ? 'freezes, warns, rolls back' : 'freezes, rolls back'}`
}

function marksOf({ rolls_back_at: rollsBack = ROLLS_BACK }: ReleaseView): readonly number[] {
  return [FREEZES, ...(WARNS < rollsBack ? [WARNS] : []), rollsBack]
}

/** What a promotion waits for, while it is on its way there. */
function missingLines({ missing = [], phase }: ReleaseView, width: number): string[] {
  if (missing.length === 0 || !['ramping', 'holding', 'paused'].includes(phase)) return []
  const [first = '', ...more] = missing.flatMap(({ sentence, seconds, is }) => wrap(`${sentence}${seconds === null || is === 'time' || is === 'load_check' ? '' : ` (about ${span(seconds)} more)`}`, width - 10))
  return ['', `open      ${first}`, ...more.map(line => `          ${line}`)]
}

/** The versions of an experiment, each by itself. */
function variantLines({ variants = [] }: ReleaseView, width: number, colours: Io['colours']): string[] {
  if (variants.length === 0) return []
  const rows = variants.map(({ to, state, weight, harm, requests, failed }) => [to, state, `${weight}%`, odds(harm), String(requests), String(failed)])
  return ['', table([{ title: 'VERSION' }, { title: 'STATE' }, { title: 'TRAFFIC', right: true }, { title: 'HARM', right: true }, { title: 'REQUESTS', right: true }, { title: 'FAILED', right: true }], rows, { width, head: colours.bold }).trimEnd()]
}

/** Kinds of failures that are worth a line; the rest is on the page. */
const KINDS = 6

/** Which requests failed; the old version's, too, as they are not the new one's fault. */
function failureLines({ failures, from, to }: ReleaseView, width: number): string[] {
  const of = (version: string, failed: readonly FailedRequests[] = []) => failed.length === 0 ? [] : wrap(`${version}: ${failuresText(failed, KINDS)}`, width - 10)
  return [...of(to, failures?.canary), ...of(from, failures?.baseline)].map((line, index) => `${index === 0 ? 'failures  ' : '          '}${line}`)
}

/** Of what the version that was sent back printed: the end of it. */
const PRINTED = 5

function printedLines({ post_mortem: left, deployment, cluster }: ReleaseView, width: number, colours: Io['colours']): string[] {
  const printed = left?.printed ?? []
  const lines = printed.flatMap(({ instance, lines }) => lines.map(line => ({ ...line, instance }))).toSorted((a, b) => a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0)
  if (lines.length === 0) return []
  const services = [...new Set(printed.map(({ service }) => service))]
  return ['', ...wrap(`What ${services.join(', ')} printed last${lines.length > PRINTED ? `; all ${lines.length} lines: ${services.map(service => `vamp logs ${deployment}/${cluster}/${service}`).join(', ')}` : ''}`, width),
    ...lines.slice(-PRINTED).map(({ instance, stream, line }) => `  ${colours.cyan(instance)} ${stream === 'stderr' ? colours.yellow(line) : line}`)]
}

/** What has to say yes, and has or has not. */
function gateLines({ gates = [], phase }: ReleaseView, width: number): string[] {
  if (gates.length === 0 || !UNDER_WAY.has(phase)) return []
  return ['', ...gates.flatMap(({ open, before, sentence }) => wrap(`${open ? 'open  ' : 'closed'}  before ${before}%: ${sentence}`, width - 10).map((line, index) => `${index === 0 ? 'gate      ' : '          '}${line}`))]
}

const UNDER_WAY: ReadonlySet<string> = new Set(['preparing', 'ramping', 'holding', 'paused', 'probing', 'hold_back'])

/** What is less noisy than this is not worth a line. */
const NOISY = 2

function evidenceText(view: ReleaseView, width: number, colours: Io['colours']): string {
  const wide = width >= NARROW
  const marks = marksOf(view).map(scaleOf)
  const rows = table(
    [{ title: 'METRIC' }, { title: 'FINDING' }, { title: 'HARM' }, { title: '', right: true }, ...(wide ? [{ title: 'SAFETY', right: true }] : []), { title: 'OLD', right: true }, { title: 'NEW', right: true }, { title: 'RATIO', right: true }],
    view.evidence.map(({ metric, finding, harm, safety, baseline, canary, odds: band }) =>
      [metric, finding, meter(scaleOf(harm), wide ? LINE : LINE_NARROW, { marks }), odds(harm), ...(wide ? [odds(safety)] : []), level(metric, baseline), level(metric, canary), bandText(band)]),
    { width, head: colours.bold },
  )
  // What is no different stands in the table, and what decided it above.
  const decided = view.evidence.filter(({ finding, sentence }) => (finding === 'worse' || finding === 'better') && !view.sentence.includes(sentence)).flatMap(({ sentence }) => wrap(sentence, width).map((line, index) => `${index === 0 ? '- ' : '  '}${line}\n`))
  const noisy = view.evidence.filter(({ noise = 1 }) => noise >= NOISY)
    .flatMap(({ metric, noise = 1 }) => wrap(`${metric} is noisy: it varies ${noise.toFixed(1)} times more than chance, so evidence counts that much less.`, width).map((line, index) => `${index === 0 ? '~ ' : '  '}${line}\n`))
  const beneath = [...decided, ...noisy]
  return `${rows}${beneath.length > 0 ? '\n' : ''}${beneath.join('')}`
}

/** `0.4 to 2.1 ×`: how many times as likely a failed, or a slow, request is on the new version. */
function bandText(band: MetricEvidence['odds']): string {
  if (!band || (band.low === null && band.high === null)) return ''
  // A tenth of a tenth is not nothing, but a band that ends there has no lower end worth telling.
  const text = (value: number) => value >= 10 ? String(Math.round(value)) : value >= 0.95 ? value.toFixed(1) : String(Number(value.toPrecision(1)))
  const low = band.low === null || band.low < 0.005 ? null : band.low
  const high = band.high === null ? null : Math.max(band.high, 0.01)
  if (high === null) return low === null ? '' : `over ${text(low)} ×`
  return low === null ? `under ${text(high)} ×` : `${text(low)} to ${text(high)} ×`
}

/** A share of requests or sessions, or milliseconds. */
function level(metric: string, value: number | null): string {
  if (value === null) return '–'
  return metric.startsWith('latency') ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : `${Math.round(value * 10_000) / 100}%`
}

/** In the middle of a sentence. */
export const phaseWords = (phase: ReleasePhase): string => PHASE_LABELS[phase].toLowerCase()

function phaseText({ phase, verdict }: ReleaseView, colours: Io['colours']): string {
  const text = phaseWords(phase)
  if (verdict === 'promoted') return colours.green(text)
  if (verdict !== undefined || phase === 'rolling_back') return colours.red(text)
  return phase === 'paused' || phase === 'holding' ? colours.yellow(text) : colours.cyan(text)
}

function harmColour(harm: number, marks: readonly number[], colours: Io['colours']): (text: string) => string {
  if (harm >= (marks.at(-1) ?? ROLLS_BACK) || harm >= WARNS) return colours.red
  return harm >= FREEZES ? colours.yellow : colours.green
}

export function odds(harm: number): string {
  if (harm < 1.5) return 'none'
  return harm >= 10_000 ? '> 10000:1' : `${harm < 10 ? harm.toFixed(1) : Math.round(harm)}:1`
}

const round = (value: number) => Math.round(value * 10) / 10

function span(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`
}
