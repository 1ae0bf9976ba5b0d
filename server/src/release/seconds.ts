/** The seconds that a release has not judged yet, as its judge wants them, and what becomes of its counts. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { JudgedSecond, JudgeState } from '@vamp/stats/sequential/judge'
import { type ArmNames, armsOf } from './arms.ts'
import { pairDuring, type ReleaseJudge, shareDuring, sharesSeen } from './judge-state.ts'
import { iso } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { isShadow } from './shadow.ts'
import { acknowledgedShare } from './weights.ts'

/** What the judge is told of each second, from the cells of both versions. */
export function secondsToJudge(observed: ObservedRelease, status: ReleaseStatus, to: string, { shares, firstCanary: before }: Pick<ReleaseJudge, 'shares' | 'firstCanary'>): JudgedSecond[] {
  let firstCanary = before
  const names = armNames(observed, status, to)
  const matured = observed.matured?.byVersion.get(to) ?? []
  return observed.seconds.map(({ second, cells }, at) => {
    const { baseline, canary } = armsOf(cells, names)
    if (firstCanary === null && canary.requests > 0) firstCanary = second
    // Copies are no share of the requests: how many there are says nothing about the router.
    const [share, pair] = [shareDuring(shares, second), names.shadow ? null : pairDuring(shares, second)]
    return { second, share, ...(pair === share ? {} : { pair }), ...(at === observed.seconds.length - 1 && matured.length > 0 ? { matured } : {}), baseline, canary, age: firstCanary === null ? 0 : second - firstCanary }
  })
}

export function armNames({ gateways }: ObservedRelease, status: ReleaseStatus, to: string): ArmNames {
  const { deployment, cluster, from } = status
  return { deployment, cluster, from, to, gateways: new Set(gateways.map(({ name }) => name)), shadow: isShadow(status) }
}

export function judgeSeconds(status: ReleaseStatus, seconds: readonly JudgedSecond[], advance: (state: JudgeState, second: JudgedSecond) => JudgeState): ReleaseStatus {
  const judge = status.judge as ReleaseJudge
  const firstCanary = judge.firstCanary ?? seconds.find(({ canary }) => canary.requests > 0)?.second ?? null
  const state = seconds.reduce(advance, structuredClone(judge.state))
  const until = (seconds.at(-1)?.second ?? status.judged_until - 1) + 1
  const started = status.started ?? (firstCanary === null ? undefined : iso(firstCanary * 1000))
  const sum = (counted: (second: JudgedSecond) => number) => seconds.reduce((total, second) => total + counted(second), 0)
  const { requests, failed } = status
  return {
    ...status, ...(started === undefined ? {} : { started }), judged_until: until, judge: { ...judge, state, firstCanary } satisfies ReleaseJudge,
    requests: { baseline: requests.baseline + sum(({ baseline }) => baseline.requests), canary: requests.canary + sum(({ canary }) => canary.requests) },
    failed: { baseline: failed.baseline + sum(({ baseline }) => baseline.errors), canary: failed.canary + sum(({ canary }) => canary.errors) },
  }
}

/** Up to when sessions have been judged, in the same write as what came of it. */
export function sessionsJudged({ matured }: ObservedRelease): Pick<ReleaseJudge, 'sessionsUntil'> {
  return matured ? { sessionsUntil: matured.until } : {}
}

export function noteShare(observed: ObservedRelease, status: ReleaseStatus): ReleaseJudge {
  const judge = status.judge as ReleaseJudge
  const shares = isShadow(status) ? copiesNow(observed, judge.shares, status) : sharesNow(observed, judge.shares, status.from, status.to)
  return shares === judge.shares ? judge : { ...judge, shares }
}

/** A share that is copied is in force when the gateways are as they are wanted. */
function copiesNow(observed: ObservedRelease, shares: ReleaseJudge['shares'], { weight }: ReleaseStatus): ReleaseJudge['shares'] {
  return observed.gatewayStatuses.every(({ deployed }) => deployed) ? sharesSeen(shares, observed.nowMs, weight / 100, 1) : shares
}

export function sharesNow(observed: ObservedRelease, shares: ReleaseJudge['shares'], from: string, to: string): ReleaseJudge['shares'] {
  return sharesSeen(shares, observed.nowMs, acknowledgedShare(observed.gatewayStatuses, to), acknowledgedShare(observed.gatewayStatuses, from))
}
