/** From the wish to a new version that is ready for its first request. */
import type { NewEvent } from '@vamp/model/event'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import { armsOf } from './arms.ts'
import { baselineEvents } from './evidence.ts'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, secondsSince, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { judgeSettings, rollsBackAt, unknownObjectives } from './settings.ts'
import { addVersion } from './version.ts'
import { heaviest } from './weights.ts'

/** A new version that is not ready after this is given up. */
const PREPARE_SECONDS_MAX = 300
/** A new version whose instances keep failing is given up after this. */
const FAILED_SECONDS_MAX = 30

/** First sight of a release: checks the wish, adds the new version beside the old one with no traffic. */
export function begin(observed: ObservedRelease): ReleasePlan {
  const release = observed.release.value
  const [to = ''] = release.to
  const from = release.from ?? heaviest(observed.gateways, release.to) ?? ''
  const blank = blankStatus(observed, from, to)
  const refusal = whyNot(observed, from, to)
  if (refusal) return refuse(observed, blank, refusal)
  const [blocking] = observed.before
  if (blocking) {
    if (observed.status) return NOTHING
    const waiting = inPhase(blank, 'waiting', observed.nowMs, `Waits for release ${blocking} of the same cluster to end.`, 'It starts when the other one is over.')
    return { writes: [statusWrite(observed, waiting)], events: [releaseEvent('waiting', waiting)] }
  }
  const added = addVersion(observed, from, to)
  if (typeof added === 'string') return refuse(observed, blank, added)
  const started = inPhase(blank, 'preparing', observed.nowMs, `Version ${to} is being started beside ${from}; it gets no request yet.`, `The first requests, when every instance of ${to} is healthy.`)
  return { writes: [statusWrite(observed, started), ...added], events: [releaseEvent('started', started)] }
}

/** Waits for the new version's instances, learns what is normal for the old one meanwhile. */
export function prepare(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const service = observed.deploymentStatus?.services.find(entry => entry.cluster === status.cluster && entry.service === status.to)
  const { learnt: known, evidence } = learn(observed, status)
  const learnt = { ...status, ...known }
  if (service?.phase === 'Done') {
    const ramping = inPhase(learnt, 'ramping', observed.nowMs, `Version ${status.to} is healthy and gets its first requests.`, 'The ramp, as the evidence comes in.')
    return { writes: [statusWrite(observed, ramping)], events: [...evidence, releaseEvent('ramping', ramping)] }
  }
  const failing = service?.phase === 'Failed' ? secondsSince(service.since, observed.nowMs) : 0
  if (secondsSince(status.since, observed.nowMs) > PREPARE_SECONDS_MAX || failing > FAILED_SECONDS_MAX) {
    const why = service?.notification ?? `it was not healthy after ${PREPARE_SECONDS_MAX} s`
    const failed: ReleaseStatus = {
      ...inPhase(learnt, 'rolling_back', observed.nowMs, `Version ${status.to} never got a request: ${why}`, 'Its instances are removed.'),
      verdict: 'failed', ended: iso(observed.nowMs),
    }
    return { writes: [statusWrite(observed, failed)], events: [...evidence, releaseEvent('failed', failed)] }
  }
  return observed.seconds.length > 0 ? { writes: [statusWrite(observed, learnt)], events: evidence } : NOTHING
}

/** Evidence of what is normal: told beside the status that it went into. */
interface Learnt { readonly learnt: Pick<ReleaseStatus, 'judge' | 'judged_until'>; readonly evidence: readonly NewEvent[] }

function learn(observed: ObservedRelease, status: ReleaseStatus): Learnt {
  const judge = status.judge as ReleaseJudge
  const last = observed.seconds.at(-1)
  if (!last) return { learnt: { judge, judged_until: status.judged_until }, evidence: [] }
  const arms = observed.seconds.map(({ second, cells }) => ({ second, ...armsOf(cells, status).baseline }))
  // What was before the first visitor ever says nothing about the rate of visitors.
  const first = judge.state.rate === null ? arms.findIndex(({ requests }) => requests > 0) : 0
  const counted = arms.slice(first < 0 ? arms.length : first)
  const state = counted.reduce((state, arm) => observeBaseline(state, arm), structuredClone(judge.state))
  return { learnt: { judge: { ...judge, state }, judged_until: last.second + 1 }, evidence: baselineEvents(counted, status, judge.state.second, observed.nowMs) }
}

function whyNot(observed: ObservedRelease, from: string, to: string): string | undefined {
  const release = observed.release.value
  const cluster = observed.deployment?.value.clusters.find(({ name }) => name === release.cluster)
  if (!cluster) return `There is no cluster ${release.deployment}/${release.cluster}.`
  if (!observed.breeds.has(to)) return `There is no breed ${to}; store it first.`
  if (!from) return `Cluster ${release.deployment}/${release.cluster} has no other version to release from.`
  if (from === to) return `${to} is what holds the traffic already.`
  if (release.strategy !== 'canary') return `Strategy ${release.strategy} is not carried out yet; canary is.`
  if (release.audience !== undefined) return 'An audience is not carried out yet: versions are compared on all visitors.'
  const [unknown] = unknownObjectives(release.objectives)
  if (unknown !== undefined) return `Objective ${unknown} is not judged yet; error_rate and latency_p50 … latency_p999 are.`
  if (release.gates.length > 0) return 'Gates are not carried out yet.'
  return undefined
}

function refuse(observed: ObservedRelease, blank: ReleaseStatus, why: string): ReleasePlan {
  const failed: ReleaseStatus = { ...inPhase(blank, 'failed', observed.nowMs, why, 'Nothing: correct it and start another release.'), verdict: 'failed', ended: iso(observed.nowMs) }
  return { writes: [statusWrite(observed, failed)], events: [releaseEvent('failed', failed)] }
}

function blankStatus(observed: ObservedRelease, from: string, to: string): ReleaseStatus {
  const release = observed.release.value
  const second = Math.floor(observed.nowMs / 1000)
  const judge: ReleaseJudge = { state: newJudge(judgeSettings(release)), shares: [{ atMs: observed.nowMs, share: 0 }], firstCanary: null, loadCheckSince: null, holdBackSince: null }
  return {
    name: release.name, deployment: release.deployment, cluster: release.cluster, from, to, phase: 'preparing', since: iso(observed.nowMs),
    weight: 0, sentence: '', next: '', evidence: [], harm: 1, rolls_back_at: rollsBackAt(release), requests: { baseline: 0, canary: 0 }, failed: { baseline: 0, canary: 0 },
    excess: 0, budget: { spent: 0, total: release.exposure.bad_requests }, judged_until: second - HISTORY_SECONDS, judge,
  }
}

/** What the old version did in the last minutes tells what is normal for it. */
const HISTORY_SECONDS = 110
