/** What has to say yes before a share: a person, a receiver of webhooks, the hour, another release. Nothing becomes a yes by waiting. */
import type { Gate } from '@vamp/model/release'
import type { GateStatus, ReleaseStatus } from '@vamp/model/release-status'
import { isWithin, parseTimeWindow } from '@vamp/model/time-window'
import type { ObservedRelease } from './observe.ts'

/** A question to a receiver, asked until it says yes; the same one has the same id. */
export interface GateCall {
  /** The gate's place in the release. */
  readonly gate: number
  readonly url: string
  readonly body: object
}

/** What a receiver said last. */
export interface GateAnswer { readonly yes: boolean; readonly says: string }

export interface Passage {
  readonly gates: readonly GateStatus[]
  /** The first gate that is closed before the share. */
  readonly closed?: GateStatus
  readonly calls: readonly GateCall[]
}

/** May the release give its new version this share (percent)? */
export function passage(observed: ObservedRelease, status: ReleaseStatus, percent: number): Passage {
  const { gates } = observed.release.value
  const seen = gates.map((gate, at) => gateStatus(observed, gate, at, status.gates?.[at]))
  const inTheWay = (gate: { readonly before: number }) => percent >= gate.before && percent > status.weight
  const calls = gates.flatMap((gate, at): GateCall[] => gate.is === 'webhook' && inTheWay(gate) && !seen[at]?.open ? [{ gate: at, url: gate.url, body: question(observed, status, percent) }] : [])
  const closed = seen.find(gate => !gate.open && inTheWay(gate))
  return { gates: seen, ...(closed ? { closed } : {}), calls }
}

/** A person says yes to the first closed gate that waits for one, or to the one that waits for `who`. */
export function approved(release: { readonly gates: readonly Gate[] }, status: ReleaseStatus, who: string | undefined, by: string): readonly GateStatus[] | undefined {
  const known = release.gates.map((gate, at) => status.gates?.[at] ?? closedGate(gate, ''))
  const place = release.gates.findIndex((gate, at) => gate.is === 'approve' && !known[at]?.open && (who === undefined || gate.who === who))
  return place === -1 ? undefined : known.map((gate, at) => at === place ? { ...gate, open: true, sentence: `Approved ${by}.` } : gate)
}

function gateStatus(observed: ObservedRelease, gate: Gate, at: number, before: GateStatus | undefined): GateStatus {
  switch (gate.is) {
    case 'approve': return before?.open ? before : closedGate(gate, `Waits for ${gate.who} to approve ${beforeWhat(gate)}.`)
    case 'webhook': {
      if (before?.open) return before
      const answer = observed.answers.get(at)
      if (answer?.yes) return { is: 'webhook', before: gate.before, open: true, sentence: `${hostOf(gate.url)} said yes.` }
      return closedGate(gate, `Waits for ${hostOf(gate.url)} to say yes to ${beforeWhat(gate)}${answer ? `: ${answer.says}` : ''}.`)
    }
    case 'window': {
      const window = parseTimeWindow(gate.window)
      const open = window !== undefined && isWithin(window, observed.nowMs)
      return { is: 'window', before: gate.before, open, sentence: open ? `It is within ${gate.window}.` : `Waits for ${gate.window} for ${beforeWhat(gate)}.` }
    }
    case 'release': {
      const other = observed.others.get(gate.release)
      const open = other?.verdict === 'promoted'
      return { is: 'release', before: gate.before, open, sentence: open ? `Release ${gate.release} is promoted.` : `Waits for release ${gate.release}, which ${other ? `is ${other.phase.replaceAll('_', ' ')}` : 'has not begun'}, for ${beforeWhat(gate)}.` }
    }
    default: return gate satisfies never
  }
}

function closedGate({ is, before }: Gate, sentence: string): GateStatus {
  return { is, before, open: false, sentence }
}

const beforeWhat = ({ before }: Gate) => before === 0 ? 'the first request' : `${before} % of the traffic`
const hostOf = (url: string) => URL.parse(url)?.host ?? url

function question({ release }: ObservedRelease, status: ReleaseStatus, percent: number): object {
  const { name, deployment, cluster, from, to, phase, weight, sentence, harm, evidence, requests, failed, failures } = status
  return { type: 'release.gate', release: name, deployment, cluster, from, to, strategy: release.value.strategy, phase, weight, next: percent, sentence, harm, evidence, requests, failed, failures }
}
