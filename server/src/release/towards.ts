/** From the share that is wanted to the share that is ordered: what stands in the way, and what has to be there first. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import { capacityFor, shrunk } from './capacity.ts'
import { type GateCall, passage } from './gates.ts'
import { loadCheckSince, type ReleaseJudge } from './judge-state.ts'
import { frozenEvents, releaseEvent, type ReleasePlan, statusWrite } from './outcome.ts'
import type { ObservedRelease } from './observe.ts'
import { isShadow, shareWrites } from './shadow.ts'
import { acknowledgedShare } from './weights.ts'

/** An order that is not in force after this, or an agent that says nothing, freezes the ramp. */
const IN_FORCE_MS = 10_000

export interface Step {
  /** With the share that may be ordered now. */
  readonly status: ReleaseStatus
  /** Besides the status and the weights. */
  readonly writes: readonly Write[]
  readonly calls: readonly GateCall[]
  /** A gate, missing instances or silent proxies hold it: it waits, and that is no fault of its own. */
  readonly held: boolean
}

/** `percent` of the traffic are wanted for the release's new version. */
export function towards(observed: ObservedRelease, status: ReleaseStatus, percent: number): Step {
  const judge = status.judge as ReleaseJudge
  const smaller = observed.release.value.strategy === 'rolling' ? shrunk(observed, status, acknowledgedShare(observed.gatewayStatuses, status.to)) : []
  if (percent <= status.weight) return { status, writes: smaller, calls: [], held: false }
  const unseen = notInForce(observed, status)
  if (unseen !== undefined) return { status: { ...status, next: unseen }, writes: smaller, calls: [], held: true }
  const { gates, closed, calls } = passage(observed, status, percent)
  const told = gates.length > 0 ? { ...status, gates } : status
  if (closed && judge.forcedBy === undefined) return { status: { ...told, next: closed.sentence }, writes: smaller, calls, held: true }
  const capacity = capacityFor(observed, told, told.to, percent)
  const weight = Math.max(status.weight, capacity.percent)
  const waiting = capacity.waits === undefined ? told : { ...told, next: capacity.waits }
  return { status: weight > status.weight ? withOrder(observed, { ...waiting, weight }) : waiting, writes: capacity.writes.length > 0 ? capacity.writes : smaller, calls, held: capacity.waits !== undefined }
}

/** The plan of a step: the weights of a share that moved are written and told. */
export function taken(observed: ObservedRelease, before: ReleaseStatus, { status, writes, calls, held }: Step, seconds: number): ReleasePlan {
  const judge = status.judge as ReleaseJudge
  const counted = held ? { ...status, judge: { ...judge, waited: judge.waited + seconds } satisfies ReleaseJudge } : status
  const moved = status.weight !== before.weight
  return {
    writes: [statusWrite(observed, counted), ...moved ? shareWrites(observed, status, new Map([[status.to, status.weight]])) : [], ...writes],
    events: [...moved ? [releaseEvent('weight', counted, { before: before.weight })] : [], ...frozenEvents(observed, counted)], calls,
  }
}

export function withOrder(observed: ObservedRelease, status: ReleaseStatus): ReleaseStatus {
  return { ...status, judge: { ...(status.judge as ReleaseJudge), orderedMs: observed.nowMs } satisfies ReleaseJudge }
}

/** A weight that a person set is a load check as well. */
export function withLoadCheck(status: ReleaseStatus, observed: ObservedRelease, enough?: number): ReleaseStatus {
  const judge = status.judge as ReleaseJudge
  return { ...status, judge: { ...judge, loadCheckSince: loadCheckSince(judge, status.weight, observed.nowMs, enough) } satisfies ReleaseJudge }
}

function notInForce(observed: ObservedRelease, status: ReleaseStatus): string | undefined {
  const [silent] = observed.silentAgents
  if (silent !== undefined) return `Frozen: agent ${silent} delivers no measurements. Nothing is decided on half of them.`
  const { orderedMs } = status.judge as ReleaseJudge
  const inForce = Math.round(acknowledgedShare(observed.gatewayStatuses, status.to) * 10_000) / 100
  if (status.weight === 0 || isShadow(status) || inForce === status.weight || observed.nowMs - orderedMs <= IN_FORCE_MS) return undefined
  const problem = observed.gatewayStatuses.find(gateway => gateway.problem !== undefined)?.problem
  return `Frozen: not every proxy has confirmed ${status.weight} %${problem === undefined ? '' : `: ${problem}`}.`
}
