/**
 * How much traffic the new version may have next: as much as costs at most a few bad requests in the time it takes to react,
 * were it as bad as the evidence cannot exclude yet. Little is known at first, so it starts small; clean requests shrink the
 * bound, so the share grows exponentially.
 */
import type { JudgeSettings } from './settings.ts'

/** A slow request is this bad, compared to a failed one. */
const SLOW_WEIGHT = 0.2
/** With hardly any traffic seen: what comes next may be much more, and is met by a share that was made for little. */
const START_UNSEEN = 0.01
/** Fewer requests per second say little about the next ones. */
const SEEN_PER_SECOND = 1
/** A share that is in force may be multiplied by this at once, if the pace allows: orders take a while to be carried out. */
const STEP_MAX = 2
/** Requests per second that the old version keeps at least, within half of the traffic. */
const KEPT_PER_SECOND = 1
/** So many seconds without a request are little traffic; more are none. */
const SILENT_SECONDS = 5
/** Rounding must not cost a step. */
const TOLERANCE = 1e-9

export interface RampBasis {
  readonly settings: JudgeSettings
  /** In force, and for how many seconds. */
  readonly share: number
  readonly held: number
  /** Ordered last; the same, once it is in force. */
  readonly ordered: number
  /** The first share, fixed when the release began, and the seconds since it was in force. */
  readonly start: number
  readonly running: number
  /** Requests per second of both versions; null: none seen yet. */
  readonly rate: number | null
  /** There is no traffic at present. */
  readonly silent: boolean
  /** Upper bounds of the excess of failed and of slow requests, as shares of the new version's requests. */
  readonly failing: number
  readonly slow: number
  /** Everything that a promotion has to show of errors and latency is shown: no budget is needed for what would be promoted. */
  readonly proven: boolean
  readonly warm: boolean
  /** The clock allows the load check. */
  readonly loadCheckDue: boolean
}

/**
 * The next share to order, never less than what is ordered. It moves in steps of the growth per second, counted from the first
 * share: an order that changed with every request could never be in force for a whole second, and nothing would be known of it. To the nearest step, for what is affordable.
 */
export function nextShare(basis: RampBasis): number {
  const { settings, share, ordered, start, running, silent } = basis
  if (silent && share > 0) return Math.max(ordered, share)
  if (settings.ramp.is === 'ladder') return Math.max(ordered, nextStep(basis, settings.ramp.steps, settings.ramp.hold))
  if (share <= 0) return Math.max(ordered, start)
  const cap = capOf(basis)
  const pace = start * settings.growth ** Math.max(1, running)
  const target = Math.min(Math.max(pace, share * settings.growth), share * STEP_MAX, affordableShare(basis) * Math.sqrt(settings.growth)) * (1 + TOLERANCE)
  return Math.max(ordered, share, target >= cap ? cap : stepBelow(target, start, settings.growth))
}

function stepBelow(share: number, start: number, growth: number): number {
  return start * growth ** Math.floor(Math.log(share / start) / Math.log(growth))
}

/** Of seconds without a request of either version. */
export function isSilence(seconds: number | undefined): boolean {
  return (seconds ?? 0) > SILENT_SECONDS
}

/** The share at which the exposure budget would just be spent. */
export function affordableShare({ settings, rate, failing, slow, proven }: RampBasis): number {
  if (proven) return 1
  const badPerShare = (rate ?? 0) * settings.exposure.seconds * Math.max(failing, SLOW_WEIGHT * slow)
  return badPerShare > 0 ? settings.exposure.badRequests / badPerShare : 1
}

export function startShare(settings: JudgeSettings, rate: number | null): number {
  if (settings.ramp.is === 'ladder') return settings.ramp.steps[0] ?? settings.shares.test
  const { requestsPerSecond, least, most } = settings.start
  return rate === null || rate < SEEN_PER_SECOND ? START_UNSEEN : Math.min(most, Math.max(least, requestsPerSecond / Math.max(rate, 1e-9)))
}

/** What the new version gets while the old one keeps a little: enough for it to be compared with, also where there is little traffic. */
export function heldBackShare({ shares }: JudgeSettings, rate: number | null): number {
  const kept = KEPT_PER_SECOND / Math.max(rate ?? 0, KEPT_PER_SECOND)
  return Math.min(shares.holdBack, Math.max(shares.loadCheck, 1 - kept))
}

function capOf({ settings, warm, loadCheckDue, start }: RampBasis): number {
  if (!warm) return Math.max(start, settings.shares.warmUp)
  return loadCheckDue ? settings.shares.loadCheck : settings.shares.test
}

function nextStep(basis: RampBasis, steps: readonly number[], hold: number): number {
  const { share, held, settings, loadCheckDue } = basis
  const next = steps.find(step => step > share + 1e-9)
  if (share <= 0) return basis.start
  if (next !== undefined && next < 1) return held >= hold && affordableShare(basis) >= next ? next : share
  return loadCheckDue && share < settings.shares.loadCheck && affordableShare(basis) >= settings.shares.loadCheck ? settings.shares.loadCheck : share
}
