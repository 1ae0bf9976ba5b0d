/** From the wish to a new version that is ready for its first request. */
import type { NewEvent } from '@vamp/model/event'
import type { ReleaseStatus } from '@vamp/model/release-status'
import { type JudgeState, newJudge, observeBaseline } from '@vamp/stats/sequential/judge'
import { armsOf, type ArmNames } from './arms.ts'
import { audienceWrites, isOpen, openWrites } from './audience.ts'
import { instancesOf } from './capacity.ts'
import { watchCrashes } from './crashing.ts'
import { baselineEvents } from './evidence.ts'
import { blankVariant } from './experiment.ts'
import { newVersions } from './finish.ts'
import { learnPast, NO_WATCH } from './guard.ts'
import type { ReleaseJudge } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, secondsSince, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { judgeSettings, rollsBackAt } from './settings.ts'
import { cannotCopy } from './shadow.ts'
import { notStored } from './train.ts'
import { addVersions } from './version.ts'
import { heaviest } from './weights.ts'

/** A new version that is not ready after this is given up. */
const PREPARE_SECONDS_MAX = 300
/** A new version whose instances keep failing is given up after this. */
const FAILED_SECONDS_MAX = 30

/** First sight of a release: checks the wish, adds the new versions beside the old one with no traffic. */
export function begin(observed: ObservedRelease): ReleasePlan {
  const release = observed.release.value
  const from = release.from ?? heaviest(observed.own, release.to) ?? ''
  const blank = blankStatus(observed, from)
  const refusal = whyNot(observed, from)
  if (refusal) return refuse(observed, blank, refusal)
  const wait = waiting(observed, blank)
  if (wait) return wait
  const added = addVersions(observed, from, release.to)
  if (typeof added === 'string') return refuse(observed, blank, added)
  const started = inPhase(blank, 'preparing', observed.nowMs, ...startingWords(observed, blank))
  return { writes: [statusWrite(observed, started), ...added], events: [releaseEvent('started', started)] }
}

/** For the end of another release of the cluster, which may be hurried, or for the rest of its train. */
function waiting(observed: ObservedRelease, blank: ReleaseStatus): ReleasePlan | undefined {
  const { name, in_flight } = observed.release.value
  const [blocking] = observed.before
  const [missing] = notStored(observed)
  if (blocking === undefined && missing === undefined) return undefined
  const replaces = blocking !== undefined && in_flight === 'replace'
  const order = { do: 'put' as const, kind: 'release-orders' as const, name: blocking ?? '', value: { release: blocking ?? '', order: 'abort' as const, by: `release ${name}`, reason: 'it takes the place of this one' }, expected: 'any' as const }
  if (observed.status) return replaces && observed.nowMs - Date.parse(observed.status.value.since) > ABORT_AGAIN_MS ? { writes: [statusWrite(observed, { ...observed.status.value, since: iso(observed.nowMs) }), order], events: [] } : NOTHING
  const [why, next] = blocking === undefined
    ? [`Waits for release ${missing} of its train, which is not stored yet.`, 'The whole train starts together.']
    : [`Waits for release ${blocking} of the same cluster to end${replaces ? '; it was told to abort' : ''}.`, 'It starts when the other one is over.']
  const status = inPhase(blank, 'waiting', observed.nowMs, why, next)
  return { writes: [statusWrite(observed, status), ...replaces ? [order] : []], events: [releaseEvent('waiting', status)] }
}

/** An order that came at the wrong moment is given again after this. */
const ABORT_AGAIN_MS = 10_000

/** Waits for the new versions' instances, learns what is normal for the old one meanwhile. */
export function prepare(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  const services = (observed.deploymentStatus?.services ?? []).filter(entry => entry.cluster === status.cluster && newVersions(status).includes(entry.service))
  const { learnt: known, evidence } = learn(observed, status)
  const learnt = { ...status, ...known }
  if (services.length === newVersions(status).length && services.every(({ phase }) => phase === 'Done')) return start(observed, learnt, evidence)
  const failing = services.find(({ phase }) => phase === 'Failed')
  const failingFor = failing ? secondsSince(failing.since, observed.nowMs) : 0
  if (secondsSince(status.since, observed.nowMs) > PREPARE_SECONDS_MAX || failingFor > FAILED_SECONDS_MAX) {
    const why = failing?.notification ?? `it was not healthy after ${PREPARE_SECONDS_MAX} s`
    const failed: ReleaseStatus = {
      ...inPhase(learnt, 'rolling_back', observed.nowMs, `Version ${failing?.service ?? status.to} never got a request: ${why}`, 'Its instances are removed.'),
      verdict: 'failed', ended: iso(observed.nowMs),
    }
    return { writes: [statusWrite(observed, failed)], events: [...evidence, releaseEvent('failed', failed)] }
  }
  const [sentence] = startingWords(observed, status)
  return observed.seconds.length > 0 || sentence !== status.sentence ? { writes: [statusWrite(observed, { ...learnt, sentence })], events: evidence } : NOTHING
}

function startingWords({ deploymentStatus }: ObservedRelease, status: ReleaseStatus): [sentence: string, next: string] {
  const [own, names] = [newVersions(status), newVersions(status).join(', ')]
  const stuck = deploymentStatus?.instances.find(({ cluster, service, state, reason }) => cluster === status.cluster && own.includes(service) && state !== 'ready' && reason !== undefined)
  const yet = stuck ? `it is not healthy yet: ${stuck.id}: ${stuck.reason}` : 'it gets no request yet'
  return [`Version ${names} is being started beside ${status.from}; ${yet}.`, `The first requests, when every instance of ${names} is healthy.`]
}

/** Its instances are healthy. An audience gets its own gateway first, then is led there, each confirmed by every proxy. */
function start(observed: ObservedRelease, status: ReleaseStatus, evidence: readonly NewEvent[]): ReleasePlan {
  const { audience } = observed.release.value
  if (audience !== undefined && !isOpen(observed)) {
    const made = audienceWrites(observed.own, new Set(observed.audience.map(({ name }) => name)), observed.release.value, status.from, newVersions(status))
    const there = made.length === 0 && observed.gatewayStatuses.length === observed.audience.length && observed.gatewayStatuses.every(({ deployed }) => deployed)
    const next = { ...status, next: `The gateway for ${audience}, before the first request.` }
    return { writes: [statusWrite(observed, next), ...made, ...there ? openWrites(observed.own, audience) : []], events: evidence }
  }
  const ramping = inPhase(status, 'ramping', observed.nowMs, `Version ${newVersions(status).join(', ')} is healthy and gets its first requests.`, 'The ramp, as the evidence comes in.')
  const judge: ReleaseJudge = { ...(status.judge as ReleaseJudge), crashes: watchCrashes(observed, status) }
  return { writes: [statusWrite(observed, { ...ramping, judge })], events: [...evidence, releaseEvent('ramping', ramping)] }
}

/** Evidence of what is normal: told beside the status that it went into. */
interface Learnt { readonly learnt: Pick<ReleaseStatus, 'judge' | 'judged_until'>; readonly evidence: readonly NewEvent[] }

function learn(observed: ObservedRelease, status: ReleaseStatus): Learnt {
  const judge = status.judge as ReleaseJudge
  const last = observed.seconds.at(-1)
  if (!last) return { learnt: { judge, judged_until: status.judged_until }, evidence: [] }
  const arms = observed.seconds.map(({ second, cells }) => ({ second, ...armsOf(cells, withAudience(observed, status)).baseline }))
  // What was before the first visitor ever says nothing about the rate of visitors.
  const first = judge.state.rate === null ? arms.findIndex(({ requests }) => requests > 0) : 0
  const counted = arms.slice(first < 0 ? arms.length : first)
  const taught = (state: JudgeState) => counted.reduce((state, arm) => observeBaseline(state, arm), structuredClone(state))
  const state = taught(judge.state)
  const variants = judge.variants ? { variants: judge.variants.map(variant => ({ ...variant, state: taught(variant.state) })) } : {}
  return { learnt: { judge: { ...judge, state, watch: learnPast(judge.watch, counted), ...variants }, judged_until: last.second + 1 }, evidence: baselineEvents(counted, status, judge.state.second, observed.nowMs) }
}

/** While the audience is being led to its gateway, what it does is seen at the one or the other. */
function withAudience({ own, audience }: ObservedRelease, { deployment, cluster, from, to }: ReleaseStatus): ArmNames {
  return { deployment, cluster, from, to, ...(audience.length > 0 ? { gateways: new Set([...own, ...audience].map(({ name }) => name)) } : {}) }
}

function whyNot(observed: ObservedRelease, from: string): string | undefined {
  const release = observed.release.value
  const cluster = observed.deployment?.value.clusters.find(({ name }) => name === release.cluster)
  if (!cluster) return `There is no cluster ${release.deployment}/${release.cluster}.`
  const missing = release.to.find(to => !observed.breeds.has(to))
  if (missing !== undefined) return `There is no breed ${missing}; store it first.`
  if (!from) return `Cluster ${release.deployment}/${release.cluster} has no other version to release from.`
  if (release.to.includes(from)) return `${from} is what holds the traffic already.`
  if (release.strategy === 'experiment' && release.to.length < 2) return 'An experiment compares several new versions: to: [a, b].'
  if (release.strategy === 'shadow' && observed.own.some(({ value }) => value.port.type === 'tcp')) return 'Copies are made of HTTP requests; a port of the cluster is TCP.'
  const uncopied = release.strategy === 'shadow' ? cannotCopy(observed, from) : undefined
  if (uncopied !== undefined) return uncopied
  if (release.audience !== undefined && observed.own.some(({ value }) => value.port.type === 'tcp')) return 'An audience is told apart by HTTP; a port of the cluster is TCP.'
  return undefined
}

function refuse(observed: ObservedRelease, blank: ReleaseStatus, why: string): ReleasePlan {
  const failed: ReleaseStatus = { ...inPhase(blank, 'failed', observed.nowMs, why, 'Correct it and start another release.'), verdict: 'failed', ended: iso(observed.nowMs) }
  return { writes: [statusWrite(observed, failed)], events: [releaseEvent('failed', failed)] }
}

function blankStatus(observed: ObservedRelease, from: string): ReleaseStatus {
  const release = observed.release.value
  const [to = ''] = release.to
  const second = Math.floor(observed.nowMs / 1000)
  const fresh = { state: newJudge(judgeSettings(release)), shares: [{ atMs: observed.nowMs, share: 0, old: 1 }], firstCanary: null }
  const variants = release.to.length > 1 ? { variants: release.to.map(version => ({ to: version, ...fresh })) } : {}
  const judge: ReleaseJudge = { ...fresh, loadCheckSince: null, holdBackSince: null, waited: 0, full: instancesOf(observed, release.cluster, from), orderedMs: observed.nowMs, watch: NO_WATCH, ...variants, ...(release.strategy === 'shadow' ? { shadow: true } : {}) }
  return {
    name: release.name, deployment: release.deployment, cluster: release.cluster, from, to, phase: 'preparing', since: iso(observed.nowMs),
    weight: 0, sentence: '', next: '', evidence: [], harm: 1, rolls_back_at: rollsBackAt(release), requests: { baseline: 0, canary: 0 }, failed: { baseline: 0, canary: 0 }, failures: { baseline: [], canary: [] },
    excess: 0, budget: { spent: 0, total: release.exposure.bad_requests }, judged_until: second - HISTORY_SECONDS, judge,
    ...(release.to.length > 1 ? { variants: release.to.map(blankVariant) } : {}),
  }
}

/** What the old version did in the last minutes tells what is normal for it. */
const HISTORY_SECONDS = 110
