/** What was decided beside what another policy would have decided. */
import type { DecisionLog, Told } from '@vamp/server/release/decision-log'
import type { Replay } from '@vamp/server/release/replay'
import type { Io } from './io.ts'
import { odds } from './release-view.ts'
import { table } from './table.ts'
import { wrap } from './wrap.ts'

const WIDTH_MAX = 120
/** A ramp has about a step a second while it grows; the first and the last ones tell its shape. */
const STEPS_SHOWN = 12

/** One side of the comparison. */
interface Course {
  readonly verdict: string
  /** Seconds after the new version's first request. */
  readonly after: number
  readonly harm: number
  readonly requests: number
  readonly failed: number
  readonly weightMax: number
  readonly sentence: string
}

export function replayText(log: DecisionLog, replay: Replay, policy: string | undefined, { columns, colours }: Pick<Io, 'columns' | 'colours'>): string {
  const width = Math.min(columns, WIDTH_MAX)
  const [recorded, again] = [recordedCourse(log), replayedCourse(replay)]
  const under = policy === undefined ? 'AGAIN' : `UNDER ${policy}`
  const { release } = log
  const rows = [
    ['verdict', recorded.verdict, again.verdict],
    ['after', `${recorded.after} s`, `${again.after} s`],
    ['evidence of harm', odds(recorded.harm), odds(again.harm)],
    ['requests to the new version', String(recorded.requests), String(again.requests)],
    ['  of which failed', String(recorded.failed), String(again.failed)],
    ['most traffic ordered', `${recorded.weightMax}%`, `${again.weightMax}%`],
  ]
  return [
    `${colours.bold(release.name)}  ${release.deployment}/${release.cluster}: → ${release.to.join(', ')}\n`,
    replay.missing > 0 ? `${colours.yellow(`${replay.missing} seconds are missing in the record: the verdict may differ from the one that was taken.`)}\n` : '',
    '\n', table([{ title: '' }, { title: 'RECORDED', right: true }, { title: under, right: true }], rows, { width, head: colours.bold }),
    '\n', paragraph(`${policy === undefined ? 'Again' : 'It would have said'}: ${replay.sentence}`, width), replay.verdict === 'undecided' ? paragraph(`Then: ${replay.next}`, width) : '',
    paragraph(costOf(replay), width), '\n', stepsText(replay, width, colours),
  ].join('')
}

/** What it would have cost, as far as the record can tell. The sentence of a rollback tells it already. */
function costOf({ failed, excess, excessAtItsWeights, verdict }: Replay): string {
  const hurt = Math.max(0, Math.round(excess))
  const told = verdict === 'rolled_back' ? '' : `${verdict === 'undecided' ? 'Up to the end of the record' : 'Until then'} ${failed} ${failed === 1 ? 'request' : 'requests'} to the new version failed, of which about ${hurt} would not have failed on the old one.`
  const own = Math.max(0, Math.round(excessAtItsWeights))
  return Math.abs(own - hurt) <= 1 ? told : `${told} With the traffic that it would have ordered, it would have been about ${own}.`.trim()
}

function stepsText({ steps }: Replay, width: number, colours: Io['colours']): string {
  const rows = steps.map(({ elapsed, change, weight, harm, sentence }) => [`${elapsed} s`, `${weight}%`, change === 'weight' ? '' : change.replaceAll('_', ' '), odds(harm), sentence])
  const kept = rows.length <= STEPS_SHOWN ? rows : [...rows.slice(0, STEPS_SHOWN / 2), ['…', '', '', '', `${rows.length - STEPS_SHOWN} more steps`], ...rows.slice(-STEPS_SHOWN / 2)]
  return kept.length === 0 ? 'It would have ordered nothing.\n'
    : table([{ title: 'AFTER', right: true }, { title: 'WEIGHT', right: true }, { title: 'CHANGE' }, { title: 'HARM', right: true }, { title: 'BECAUSE', flexible: true }], kept, { width, head: colours.bold })
}

function replayedCourse({ verdict, elapsed, harm, requests, failed, steps, sentence }: Replay): Course {
  return { verdict: verdict.replaceAll('_', ' '), after: elapsed, harm, requests, failed, weightMax: Math.max(0, ...steps.map(({ weight }) => weight)), sentence }
}

const VERDICTS: ReadonlySet<string> = new Set(['promoted', 'rolled_back', 'aborted', 'failed'])

function recordedCourse({ told, evidence }: DecisionLog): Course {
  const verdict = told.find(({ change }) => VERDICTS.has(change))
  const last: Told | undefined = verdict ?? told.at(-1)
  const end = verdict ? Date.parse(verdict.timestamp) : Number.POSITIVE_INFINITY
  const judged = evidence.flatMap(noted => noted.phase !== 'preparing' && noted.at <= end ? [noted] : [])
  const sum = (of: (noted: (typeof judged)[number]) => number) => judged.reduce((total, noted) => total + of(noted), 0)
  const first = judged.find(({ canary }) => canary.requests > 0)?.second
  return {
    verdict: verdict ? `${verdict.change.replaceAll('_', ' ')}${verdict.by === undefined ? '' : ` by ${verdict.by}`}` : 'none yet',
    after: first === undefined ? 0 : (judged.at(-1)?.second ?? first) + 1 - first,
    harm: last?.harm ?? 1, requests: sum(({ canary }) => canary.requests), failed: sum(({ canary }) => canary.errors),
    weightMax: Math.max(0, ...told.map(({ weight }) => weight)), sentence: last?.sentence ?? '',
  }
}

function paragraph(text: string, width: number): string {
  return wrap(text, width).map(line => `${line}\n`).join('')
}
