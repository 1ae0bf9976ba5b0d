/** What is true of a release: where it is, what was decided on which evidence, and what comes next. */
import type { FailedRequests } from './metric.ts'

export type ReleasePhase =
  | 'waiting'        // another release of the same cluster is under way
  | 'preparing'      // the new version is being started; no traffic yet
  | 'ramping'        // it takes traffic, evidence is gathered
  | 'paused'         // a person stopped the ramp; rollback stays armed
  | 'holding'        // undecided at the maximum: asks a person
  | 'probing'        // the whole service fails more than it may: its traffic is switched on and off to see whether it is the cause
  | 'hold_back'      // promotion decided; the old version keeps a little, rollback stays armed
  | 'keeping'        // promoted; the old version is warm
  | 'promoted'       // done
  | 'rolling_back'   // weight is back, the new version is being drained and removed
  | 'rolled_back'    // done
  | 'aborted'        // a person ended it: weight is back, the new version removed
  | 'failed'         // could not be carried out (the new version never became ready)

/** As people say it. */
export const PHASE_LABELS: Readonly<Record<ReleasePhase, string>> = {
  waiting: 'Waiting', preparing: 'Preparing', ramping: 'Ramping', paused: 'Paused', holding: 'Needs a decision', probing: 'Probing', hold_back: 'Holding back',
  keeping: 'Promoted, old one warm', promoted: 'Promoted', rolling_back: 'Rolling back', rolled_back: 'Rolled back', aborted: 'Aborted', failed: 'Failed',
}

export type Finding = 'better' | 'not worse' | 'worse' | 'undecided'

export interface MetricEvidence {
  readonly metric: string
  readonly finding: Finding
  /** Evidence of harm as odds: 100 = a gap this large would be seen in fewer than 1 of 100 equally good releases. */
  readonly harm: number
  /** Evidence of safety as odds. */
  readonly safety: number
  /** How many times more than independent requests this metric varies (1: no more): evidence is divided by it. Absent in what older versions stored. */
  readonly noise?: number
  readonly baseline: number | null
  readonly canary: number | null
  /** How many times as likely a request is to fail, or to be slower than the old version's quantile, on the new version (odds ratio): 95 % band, valid at all times; only where it is kept. */
  readonly odds?: { readonly low: number | null; readonly high: number | null }
  /** What was measured, in words with numbers. */
  readonly sentence: string
}

/** What a promotion still waits for. */
export interface MissingEvidence {
  readonly is: 'time' | 'load_check' | 'errors' | 'latency' | 'events' | 'suspicion' | 'sample_ratio'
  readonly sentence: string
  /** Estimated, at the present rate; null: cannot be told. */
  readonly seconds: number | null
}

/** A gate of the release, in its order. */
export interface GateStatus {
  readonly is: 'approve' | 'webhook' | 'window' | 'release'
  /** Percent: no share of this size or more before it is open. */
  readonly before: number
  readonly open: boolean
  /** Who or what opened it, or what it waits for. */
  readonly sentence: string
}

/** One of the versions that an experiment compares with the old one. */
export interface VariantStatus {
  readonly to: string
  /** `ready`: everything is shown that a promotion needs; `dropped`: proven to be worse, or not the winner. */
  readonly state: 'running' | 'ready' | 'dropped' | 'winner'
  /** Percent. */
  readonly weight: number
  readonly sentence: string
  readonly evidence: readonly MetricEvidence[]
  readonly harm: number
  readonly requests: number
  readonly failed: number
  readonly failures?: readonly FailedRequests[]
  readonly excess: number
}

export interface PrintedLine { readonly timestamp: string; readonly stream: 'stdout' | 'stderr'; readonly line: string }

/** What a version that was sent back left. */
export interface PostMortem {
  /** What its instances printed last, oldest first. */
  readonly printed: readonly { readonly instance: string; readonly service: string; readonly lines: readonly PrintedLine[] }[]
}

export interface ReleaseStatus {
  readonly name: string
  readonly deployment: string
  readonly cluster: string
  readonly from: string
  readonly to: string
  readonly phase: ReleasePhase
  /** ISO-8601, of the phase. */
  readonly since: string
  /** ISO-8601, of the first request that the new version got; absent before. */
  readonly started?: string
  readonly ended?: string
  /** Percent of the (audience's) traffic that the new version is ordered to get. */
  readonly weight: number
  readonly verdict?: 'promoted' | 'rolled_back' | 'aborted' | 'failed'
  /** Why it is as it is, for a person. */
  readonly sentence: string
  /** What happens next, and when. */
  readonly next: string
  readonly evidence: readonly MetricEvidence[]
  /** Global evidence of harm (odds); freezes the ramp at 3, warns at 20, rolls back at 100 with 99 % confidence. */
  readonly harm: number
  /** The odds at which it is rolled back, from its confidence; absent: 100. */
  readonly rolls_back_at?: number
  /** While it is judged; absent or empty: nothing. */
  readonly missing?: readonly MissingEvidence[]
  readonly gates?: readonly GateStatus[]
  /** Of an experiment. */
  readonly variants?: readonly VariantStatus[]
  /** Of a train: everything is shown that a promotion needs; it waits for the others. */
  readonly ready?: boolean
  readonly requests: { readonly baseline: number; readonly canary: number }
  readonly failed: { readonly baseline: number; readonly canary: number }
  /** The failed ones by kind, the most frequent first; their sum is `failed`. Absent in what older versions stored. */
  readonly failures?: { readonly baseline: readonly FailedRequests[]; readonly canary: readonly FailedRequests[] }
  /** Failed requests that would not have failed on the old version (estimate). */
  readonly excess: number
  readonly budget: { readonly spent: number; readonly total: number }
  /** Of one whose new version was sent back, before its instances go. Not in lists. */
  readonly post_mortem?: PostMortem
  /** Unix second of the last judged window; evidence before it is in `judge`. */
  readonly judged_until: number
  /** The judge's state: plain data, replayable. */
  readonly judge: unknown
}

/** What a person told the release to do; the reconciler takes it and deletes it. */
export interface ReleaseOrder {
  readonly release: string
  readonly order: 'pause' | 'resume' | 'promote' | 'abort' | 'rollback' | 'set-weight' | 'approve'
  /** Percent, for `set-weight`. */
  readonly weight?: number
  /** For `approve`: who the gate waits for; absent: the first closed one. */
  readonly gate?: string
  readonly by: string
  readonly reason?: string
}
