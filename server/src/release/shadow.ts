/**
 * A shadow gets copies of the requests that the old version answers; nobody sees its answers. When it is shown to be safe on copies,
 * it goes on as a canary does, with evidence of its own: copies come a moment later and only of reading requests, so they prove
 * less than requests.
 */
import type { Gateway, RouteSettings } from '@vamp/model/gateway'
import { inline } from '@vamp/model/reference'
import type { Release } from '@vamp/model/release'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { type JudgeState, newJudge } from '@vamp/stats/sequential/judge'
import type { Write } from '../store/store.ts'
import { serviceOf } from './arms.ts'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { judgeSettings } from './settings.ts'
import { type Weights, weightWrites } from './weights.ts'

/** What gives the versions their shares: weights, and of a shadow the share that is copied to it. */
export function shareWrites(observed: ObservedRelease, status: ReleaseStatus, wanted: Weights): readonly Write[] {
  const { strategy } = observed.release.value
  if (!isShadow(status)) return weightWrites(observed.gateways, status.from, wanted, strategy === 'shadow' ? gateway => copied(gateway, status.from, status.to, 0) : undefined)
  return weightWrites(observed.gateways, status.from, new Map([[status.to, 0]]), gateway => copied(gateway, status.from, status.to, wanted.get(status.to) ?? 0))
}

export function isShadow({ judge }: ReleaseStatus): boolean {
  return (judge as ReleaseJudge | null)?.shadow === true
}

/** A shadow whose old version has a stored policy by name cannot be told to copy. */
export function cannotCopy({ gateways }: ObservedRelease, from: string): string | undefined {
  const route = gateways.flatMap(({ value }) => value.routes).find(({ path }) => serviceOf(path) === from)
  if (route?.settings.is === 'reference' || (route?.settings.is === 'inline' && route.settings.value.policy?.is === 'reference'))
    return `A shadow gets copies by a policy of the route to ${from}, which has a stored one; write it into the gateway instead.`
  return undefined
}

/** Shown to be safe on copies: from here on it gets requests, and what it shows on them is counted anew. */
export function asCanary(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const judge = status.judge as ReleaseJudge
  const canary: ReleaseStatus = {
    ...inPhase(status, 'ramping', observed.nowMs, `As a shadow it was shown to be safe on ${status.requests.canary} copies; now it gets its first requests.`, 'The ramp, as the evidence comes in.'),
    weight: 0, requests: { baseline: 0, canary: 0 }, failed: { baseline: 0, canary: 0 }, failures: { baseline: [], canary: [] }, excess: 0,
    judge: { ...judge, state: onRequests(judge.state, observed.release.value), shadow: false, shares: [{ atMs: observed.nowMs, share: 0, old: 1 }], firstCanary: null, loadCheckSince: null, orderedMs: observed.nowMs } satisfies ReleaseJudge,
  }
  return { writes: [statusWrite(observed, canary), ...shareWrites(observed, canary, new Map([[canary.to, 0]]))], events: [releaseEvent('shadowed', canary)] }
}

/** What is usual of the old version is known; of the new one nothing is. */
function onRequests({ thresholds, dispersion, clumps, rate, rateSeconds, second }: JudgeState, release: Release): JudgeState {
  return { ...newJudge(judgeSettings(release)), thresholds, dispersion, clumps, rate, ...(rateSeconds === undefined ? {} : { rateSeconds }), second }
}

function copied(gateway: Gateway, from: string, to: string, percent: number): Gateway {
  const target = gateway.routes.find(({ path }) => serviceOf(path) === to)?.path
  return {
    ...gateway,
    routes: gateway.routes.map(route => serviceOf(route.path) === from && route.settings.is === 'inline' ? { ...route, settings: inline(withMirror(route.settings.value, target, percent)) } : route),
  }
}

function withMirror({ policy, ...settings }: RouteSettings, to: string | undefined, percent: number): RouteSettings {
  if (policy?.is === 'reference') return { ...settings, policy }
  const { mirror: _, ...others } = policy?.value ?? {}
  const next = percent > 0 && to !== undefined ? { ...others, mirror: { to, share: percent, methods: 'GET' as const } } : others
  return Object.keys(next).length > 0 ? { ...settings, policy: inline(next) } : settings
}
