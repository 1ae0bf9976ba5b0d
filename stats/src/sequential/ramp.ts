/**
 * How much traffic the new version may have next: as much as costs at most a few bad requests in the time it takes to react,
 * were it as bad as the evidence cannot exclude yet. Little is known at first, so it starts small; clean requests shrink the
 * bound, so the share grows exponentially.
 */
import type { JudgeSettings } from './settings.ts'

/** A slow request is this bad, compared to a failed one. */
const SLOW_WEIGHT = 0.2
/** With no traffic seen at all. */
const START_UNSEEN = 0.01
/** An order may take a while to be in force; still it never grows by more at once. */
const GROWTH_MAX = 2

export interface RampBasis {
  readonly settings: JudgeSettings
  /** In force now, and for how many seconds. */
  readonly share: number
  readonly held: number
  /** Requests per second of both versions; null: none seen yet. */
  readonly rate: number | null
  /** Upper bounds of the excess of failed and of slow requests, as shares of the new version's requests. */
  readonly failing: number
  readonly slow: number
  readonly warm: boolean
  /** The clock allows the load check. */
  readonly loadCheckDue: boolean
}

/** The next ordered share; never less than the one in force. */
export function nextShare(basis: RampBasis): number {
  const { settings, share, held } = basis
  if (settings.ramp.is === 'ladder') return nextStep(basis, settings.ramp.steps, settings.ramp.hold)
  const first = startShare(settings, basis.rate)
  if (share <= 0) return first
  const cap = capOf(basis, first)
  const growth = Math.min(GROWTH_MAX, settings.growth ** Math.max(1, held))
  return Math.max(share, Math.min(cap, share * growth, affordableShare(basis)))
}

/** The share at which the exposure budget would just be spent. */
export function affordableShare({ settings, rate, failing, slow }: RampBasis): number {
  const badPerShare = (rate ?? 0) * settings.exposure.seconds * Math.max(failing, SLOW_WEIGHT * slow)
  return badPerShare > 0 ? settings.exposure.badRequests / badPerShare : 1
}

export function startShare(settings: JudgeSettings, rate: number | null): number {
  if (settings.ramp.is === 'ladder') return settings.ramp.steps[0] ?? settings.shares.test
  const { requestsPerSecond, least, most } = settings.start
  return rate === null ? START_UNSEEN : Math.min(most, Math.max(least, requestsPerSecond / Math.max(rate, 1e-9)))
}

function capOf({ settings, warm, loadCheckDue }: RampBasis, first: number): number {
  if (!warm) return Math.max(first, settings.shares.warmUp)
  return loadCheckDue ? settings.shares.loadCheck : settings.shares.test
}

function nextStep(basis: RampBasis, steps: readonly number[], hold: number): number {
  const { share, held, settings, loadCheckDue } = basis
  const next = steps.find(step => step > share + 1e-9)
  if (share <= 0) return startShare(settings, basis.rate)
  if (next !== undefined && next < 1) return held >= hold && affordableShare(basis) >= next ? next : share
  return loadCheckDue && share < settings.shares.loadCheck && affordableShare(basis) >= settings.shares.loadCheck ? settings.shares.loadCheck : share
}
