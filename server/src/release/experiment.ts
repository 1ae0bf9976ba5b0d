/**
 * Several new versions at once, each compared with the old one in the same seconds. One that is proven to be worse is dropped; when
 * every other one is shown to be safe, one of them wins, and goes on alone like every release. The risk is one for all of them.
 */
import { FAILURES_KEPT, summedFailures } from '@vamp/model/failed-requests'
import type { FailedRequests } from '@vamp/model/metric'
import type { MetricEvidence, ReleaseStatus, VariantStatus } from '@vamp/model/release-status'
import { advance, decide, type Decision, type JudgedSecond } from '@vamp/stats/sequential/judge'
import type { Write } from '../store/store.ts'
import { capacityFor } from './capacity.ts'
import { withoutJump } from './clock-jump.ts'
import { crashing } from './crashing.ts'
import { evidenceEvents } from './evidence.ts'
import { failuresSeen, sentenceOf } from './failures.ts'
import { rollBack } from './finish.ts'
import { passage } from './gates.ts'
import { clockOf, percentOf, type ReleaseJudge, type VariantJudge } from './judge-state.ts'
import { inPhase, iso, NOTHING, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { secondsToJudge, sessionsJudged, sharesNow } from './seconds.ts'
import { withLoadCheck, withOrder } from './towards.ts'
import { weightWrites } from './weights.ts'

export function blankVariant(to: string): VariantStatus {
  return { to, state: 'running', weight: 0, sentence: 'It gets no request yet.', evidence: [], harm: 1, requests: 0, failed: 0, failures: [], excess: 0 }
}

export function comparesVersions({ variants }: ReleaseStatus): boolean {
  return variants !== undefined && !variants.some(({ state }) => state === 'winner')
}

/** The winner, or where there is none yet the first version that is left, as what the release leads to. */
export function withWinner(status: ReleaseStatus): ReleaseStatus {
  const left = status.variants?.find(({ state }) => state === 'winner') ?? status.variants?.find(({ state }) => state !== 'dropped')
  return left ? won(status, left.to) : status
}

interface Judged { readonly judge: VariantJudge; readonly status: VariantStatus; readonly baselineFailures: readonly FailedRequests[]; readonly decision: Decision; readonly seconds: readonly JudgedSecond[] }

export function compare(observed: ObservedRelease, given: ReleaseStatus): ReleasePlan {
  const [first] = observed.seconds
  if (!first) return NOTHING
  const { status } = withoutJump(given, first.second)
  const judge = status.judge as ReleaseJudge
  const until = (observed.seconds.at(-1)?.second ?? 0) + 1
  const judged = (status.variants ?? []).map(variant => judgeVariant(observed, status, variant, until))
  const told = summary(status, judge, judged, until, sessionsJudged(observed))
  const evidence = judged.flatMap(({ seconds, decision, judge: { to, state } }) => state.second === null ? [] : evidenceEvents(seconds, given, judge.state.second, observed.nowMs, decision, false, to))
  const dropped = judged.flatMap(({ status: variant, decision }) => {
    const sentence = decision.action === 'roll_back' ? variant.sentence : crashing(observed, status, variant.to)
    return variant.state === 'dropped' || sentence === undefined ? [] : [{ ...variant, sentence }]
  })
  const plan = decideAll(observed, dropped.reduce<ReleaseStatus>((status, { to, sentence }) => withState(status, to, { state: 'dropped', weight: 0, sentence }), told), judged)
  const drops = dropped.map(variant => releaseEvent('dropped', asDropped(told, variant), { before: variant.weight }))
  return { ...plan, events: [...evidence, ...drops, ...plan.events] }
}

/** The release as it stands to this version alone, which loses what it had. */
function asDropped({ variants: _, ...told }: ReleaseStatus, { to, sentence, evidence, harm, requests, failed, failures, excess }: VariantStatus): ReleaseStatus {
  const baseline = { requests: told.requests.baseline, failed: told.failed.baseline, failures: told.failures?.baseline ?? [] }
  return {
    ...told, to, weight: 0, sentence, evidence, harm, excess, next: `The others go on without ${to}.`,
    requests: { baseline: baseline.requests, canary: requests }, failed: { baseline: baseline.failed, canary: failed }, failures: { baseline: baseline.failures, canary: failures ?? [] },
  }
}

function judgeVariant(observed: ObservedRelease, status: ReleaseStatus, variant: VariantStatus, until: number): Judged {
  const judge = status.judge as ReleaseJudge
  const before = judge.variants?.find(({ to }) => to === variant.to)
  if (!before) throw new Error(`version ${variant.to} of an experiment has no judge`)
  const shares = sharesNow(observed, before.shares, status.from, variant.to)
  const seconds = secondsToJudge(observed, status, variant.to, { shares, firstCanary: before.firstCanary })
  const firstCanary = before.firstCanary ?? seconds.find(({ canary }) => canary.requests > 0)?.second ?? null
  const state = seconds.reduce(advance, structuredClone(before.state))
  const decision = decide(state, { ...clockOf({ firstCanary, loadCheckSince: judge.loadCheckSince, waited: judge.waited }, until), ordered: variant.weight / 100 })
  const sum = (counted: (second: JudgedSecond) => number) => seconds.reduce((total, second) => total + counted(second), 0)
  const failures = failuresSeen(observed, status, variant)
  return {
    baselineFailures: failures.baseline, judge: { to: variant.to, state, shares, firstCanary }, decision, seconds,
    status: {
      ...variant, sentence: variant.state === 'dropped' ? variant.sentence : sentenceOf(decision, failures.canary), evidence: decision.metrics, harm: decision.harm, excess: decision.excess,
      requests: variant.requests + sum(({ canary }) => canary.requests), failed: variant.failed + sum(({ canary }) => canary.errors), failures: failures.canary,
      state: variant.state === 'dropped' ? 'dropped' : decision.action === 'promote' ? 'ready' : 'running',
    },
  }
}

/** The release as a whole: its counts are sums, its evidence that of the version that looks worst. */
function summary(status: ReleaseStatus, judge: ReleaseJudge, judged: readonly Judged[], until: number, sessions: Pick<ReleaseJudge, 'sessionsUntil'>): ReleaseStatus {
  const variants = judged.map(({ status }) => status)
  const left = variants.filter(({ state }) => state !== 'dropped')
  const worst = left.reduce<VariantStatus | undefined>((most, variant) => variant.harm > (most?.harm ?? 0) ? variant : most, undefined)
  const sum = (of: (variant: VariantStatus) => number) => variants.reduce((total, variant) => total + of(variant), 0)
  const [one] = judged
  const baseline = (of: 'requests' | 'errors') => (one?.seconds ?? []).reduce((total, second) => total + second.baseline[of], 0)
  const starts = judged.flatMap(({ judge: { firstCanary } }) => firstCanary ?? [])
  const started = status.started ?? (starts.length > 0 ? iso(Math.min(...starts) * 1000) : undefined)
  const excess = sum(variant => variant.excess)
  return {
    ...status, ...(started === undefined ? {} : { started }), variants, judged_until: until,
    judge: { ...judge, ...sessions, variants: judged.map(({ judge }) => judge) } satisfies ReleaseJudge,
    evidence: worst?.evidence ?? [], harm: worst?.harm ?? 1, excess, budget: { ...status.budget, spent: Math.max(0, Math.round(excess)) },
    requests: { baseline: status.requests.baseline + baseline('requests'), canary: sum(({ requests }) => requests) },
    failed: { baseline: status.failed.baseline + baseline('errors'), canary: sum(({ failed }) => failed) },
    failures: { baseline: one?.baselineFailures ?? [], canary: summedFailures(variants.flatMap(({ failures = [] }) => failures), FAILURES_KEPT) },
    sentence: variants.map(({ to, sentence }) => `${to}: ${sentence}`).join(' '),
    ...waitsFor(judged.filter(({ status: { state } }) => state === 'running')),
  }
}

/** What is missing for each version under comparison, and what those wait for that hold the others; where it is the same for all, once. */
function waitsFor(running: readonly Judged[]): Pick<ReleaseStatus, 'missing' | 'next'> {
  const of = ({ status: { to } }: Judged, sentence: string) => running.length > 1 ? `${to}: ${sentence}` : sentence
  const held = running.filter(({ decision, status }) => percentOf(decision.share) <= status.weight)
  const waiting = held.length > 0 ? held : running
  const nexts = new Set(waiting.map(({ decision }) => decision.next))
  return {
    missing: running.flatMap(one => (one.decision.missing ?? []).map(missing => ({ ...missing, sentence: of(one, missing.sentence) }))),
    next: nexts.size <= 1 && waiting.length === running.length ? [...nexts].join() : waiting.map(one => of(one, one.decision.next.replace(/^Next: /, ''))).join(' '),
  }
}

function decideAll(observed: ObservedRelease, status: ReleaseStatus, judged: readonly Judged[]): ReleasePlan {
  const left = (status.variants ?? []).filter(({ state }) => state !== 'dropped')
  if (left.length === 0) return rollBack(observed, status, 'rolled_back', `Every version is worse than ${status.from}. ${status.sentence}`)
  if (status.phase === 'paused') return { writes: [statusWrite(observed, { ...status, next: 'Paused: the weights stay until somebody resumes; a version that is worse is still dropped.' }), ...ordered(observed, status)], events: [] }
  const out = judged.some(({ decision, status: { to } }) => decision.action === 'ask' && left.some(variant => variant.to === to))
  if (left.every(({ state }) => state === 'ready') || (out && left.some(({ state }) => state === 'ready'))) return choose(observed, status, left.filter(({ state }) => state === 'ready'))
  if (out) return ask(observed, status)
  return grow(observed, status, judged)
}

/** Each version that is left is given what its own evidence allows, the same for all: the smallest. */
function grow(observed: ObservedRelease, status: ReleaseStatus, judged: readonly Judged[]): ReleasePlan {
  const running = judged.filter(({ status: { to } }) => status.variants?.some(variant => variant.to === to && variant.state !== 'dropped'))
  const wanted = Math.min(...running.map(({ decision, status }) => Math.max(status.weight, percentOf(decision.action === 'promote' ? status.weight / 100 : decision.share))))
  const held = Math.min(...running.map(({ status }) => status.weight))
  const { gates, closed, calls } = passage(observed, { ...status, weight: held }, wanted)
  const capacities = running.map(({ status: { to } }) => capacityFor(observed, status, to, wanted))
  const possible = closed ? held : Math.min(wanted, ...capacities.map(({ percent }) => percent))
  const waits = closed?.sentence ?? capacities.find(({ waits }) => waits !== undefined)?.waits
  const variants = (status.variants ?? []).map(variant => variant.state === 'dropped' ? variant : { ...variant, weight: Math.max(variant.weight, possible) })
  const weight = Math.round(variants.reduce((sum, variant) => sum + variant.weight, 0) * 100) / 100
  const moved = weight !== status.weight
  const next = withLoadCheck({
    ...(status.phase === 'holding' ? inPhase(status, 'ramping', observed.nowMs, status.sentence, status.next) : status),
    ...(gates.length > 0 ? { gates } : {}), variants, weight, ...(waits === undefined ? moved ? { next: eachGets(running, possible) } : {} : { next: waits }),
  }, observed, Number.POSITIVE_INFINITY)
  const checked = withEqualShares(observed, moved ? withOrder(observed, next) : next)
  const judge = checked.judge as ReleaseJudge
  const counted = waits === undefined ? checked : { ...checked, judge: { ...judge, waited: judge.waited + observed.seconds.length } satisfies ReleaseJudge }
  return { writes: [statusWrite(observed, counted), ...ordered(observed, counted), ...firstOf(capacities.map(({ writes }) => writes))], events: moved ? [releaseEvent('weight', counted, { before: status.weight })] : [], calls }
}

function eachGets(running: readonly Judged[], percent: number): string {
  const names = running.map(({ status: { to } }) => to)
  return `${names.length > 1 ? `Each of ${names.join(', ')}` : names.join()} gets ${percent} % of the traffic now.`
}

/** All have as much as the old one: that is an experiment's load check. */
function withEqualShares(observed: ObservedRelease, status: ReleaseStatus): ReleaseStatus {
  const left = (status.variants ?? []).filter(({ state }) => state !== 'dropped')
  const loadCheck = percentOf((status.judge as ReleaseJudge).state.settings.shares.loadCheck)
  const equal = left.every(({ weight }) => weight >= loadCheck - 1e-9)
  return withLoadCheck(status, observed, equal ? 0 : Number.POSITIVE_INFINITY)
}

/** One deployment is written at a time; the rest follows at the next look. */
const firstOf = (writes: readonly (readonly Write[])[]): readonly Write[] => writes.find(some => some.length > 0) ?? []

function ordered(observed: ObservedRelease, status: ReleaseStatus): readonly Write[] {
  return weightWrites(observed.gateways, status.from, new Map((status.variants ?? []).map(({ to, weight }) => [to, weight])))
}

function ask(observed: ObservedRelease, status: ReleaseStatus): ReleasePlan {
  if (status.phase === 'holding') return { writes: [statusWrite(observed, status), ...ordered(observed, status)], events: [] }
  const holding = inPhase(status, 'holding', observed.nowMs, status.sentence, 'Promote it, roll it back, or let it gather more evidence.')
  return { writes: [statusWrite(observed, holding), ...ordered(observed, holding)], events: [releaseEvent('holding', holding)] }
}

/** Among those that are safe: what is shown to be better where that is the goal, and of those what is best by the first objective. */
function choose(observed: ObservedRelease, status: ReleaseStatus, ready: readonly VariantStatus[]): ReleasePlan {
  const { objectives } = observed.release.value
  const goal = objectives.find(({ goal }) => goal === 'better')
  const able = goal ? ready.filter(({ evidence }) => evidence.some(({ metric, finding }) => metric === goal.metric && finding === 'better')) : ready
  if (able.length === 0) return ask(observed, { ...status, sentence: `No version is shown to be better than ${status.from} by ${goal?.metric}. ${status.sentence}` })
  const metric = goal?.metric ?? objectives[0]?.metric ?? 'error_rate'
  const level = (variant: VariantStatus) => levelOf(variant.evidence, metric) ?? Number.POSITIVE_INFINITY
  const better = (variant: VariantStatus, best: VariantStatus) => level(variant) < level(best)
    || (level(variant) === level(best) && (levelOf(variant.evidence, 'latency_p50') ?? 0) < (levelOf(best.evidence, 'latency_p50') ?? 0))
  const best = able.reduce((best, variant) => better(variant, best) ? variant : best)
  const winner = won({ ...status, sentence: `${best.to} wins. ${best.sentence}` }, best.to)
  return { writes: [statusWrite(observed, winner), ...ordered(observed, winner)], events: [releaseEvent('winner', winner, { before: status.weight })] }
}

/** Less is better; of events more is. */
function levelOf(evidence: readonly MetricEvidence[], metric: string): number | null {
  const level = evidence.find(found => found.metric === metric)?.canary ?? null
  return level !== null && metric.startsWith('event:') ? -level : level
}

/** From here on it is a release of one version, with the evidence that it has. */
function won(status: ReleaseStatus, to: string): ReleaseStatus {
  const judge = status.judge as ReleaseJudge
  const own = judge.variants?.find(variant => variant.to === to)
  if (!own) return status
  const { variants: _, ...rest } = judge
  const variants = (status.variants ?? []).map(variant => variant.to === to ? { ...variant, state: 'winner' as const } : { ...variant, state: 'dropped' as const, weight: 0 })
  const winner = variants.find(variant => variant.to === to)
  return {
    ...status, to, variants, weight: winner?.weight ?? 0, evidence: winner?.evidence ?? [], harm: winner?.harm ?? 1,
    judge: { ...rest, state: own.state, shares: own.shares, firstCanary: own.firstCanary } satisfies ReleaseJudge,
  }
}

function withState(status: ReleaseStatus, to: string, change: Partial<VariantStatus>): ReleaseStatus {
  return { ...status, variants: (status.variants ?? []).map(variant => variant.to === to ? { ...variant, ...change } : variant) }
}
