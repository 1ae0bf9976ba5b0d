/** From what a workflow should be and what it is: its status, which runs begin or end, and when to look again. Pure. */
import type { NewEvent } from '@vamp/model/event'
import type { WorkflowStatus } from '@vamp/model/workflow'
import type { WorkflowRun, WorkflowState } from '@vamp/model/workflow-run'
import type { Launch } from './launch.ts'
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, CATCH_UP_MAX } from './limits.ts'
import type { ObservedWorkflow } from './observe.ts'
import { dueMoments } from './schedule.ts'

export interface WorkflowPlan {
  /** Absent: nothing is remembered any more. */
  readonly status?: WorkflowState
  /** Absent: nothing may begin. */
  readonly launch?: Launch
  /** Of an event schedule that is on. */
  readonly tags?: readonly string[]
  /** To be stored together with the status. */
  readonly runs: readonly WorkflowRun[]
  /** Runs under way that end, and why. */
  readonly stop?: { readonly reason: string; readonly which?: (run: WorkflowRun) => boolean }
  /** Runs that wait and never begin, and why. */
  readonly drop?: string
  /** The workflow itself goes, as it was told. */
  readonly remove: boolean
  readonly nextMs?: number
  readonly events: readonly NewEvent[]
}

const nothing = { runs: [], remove: false, events: [] } as const

export function planWorkflow(observed: ObservedWorkflow): WorkflowPlan {
  const { workflow, status, open } = observed
  if (!workflow) return { ...nothing, ...(open.some(isActive) ? { stop: { reason: 'the workflow was deleted' } } : {}), drop: 'the workflow was deleted', events: wasOn(status?.value) ? [told(observed, 'unscheduled')] : [] }
  const before = status?.value
  const restarts = workflow.value.status === 'restarting' && before?.restarted !== workflow.revision
  if (workflow.value.status === 'stopping') return ending(observed, 'stopping')
  if (workflow.value.status === 'suspended' || workflow.value.status === 'suspending') return ending(observed, 'suspending')
  if (restarts && open.some(isActive)) return { ...nothing, ...remember(observed, { status: 'restarting' }), stop: { reason: 'the workflow was told to restart' } }
  return running(observed, restarts ? { restarted: workflow.revision } : {})
}

function running(observed: ObservedWorkflow, beside: Partial<WorkflowState>): WorkflowPlan {
  const { workflow, launch, dropped, status } = observed
  const counted = dropped > 0 ? { dropped: (status?.value.dropped ?? 0) + dropped } : {}
  if (!workflow || launch?.is !== 'ready') {
    const reason = launch?.is === 'refused' ? launch.why : ''
    return { ...nothing, ...remember(observed, { status: 'starting', reason, ...beside, ...counted }), stop: { reason } }
  }
  const { schedule } = workflow.value
  const events = wasOn(status?.value) ? [] : [told(observed, 'scheduled')]
  const base = { ...nothing, events, launch: launch.launch }
  switch (schedule.is) {
    case 'daemon': return { ...base, ...daemon(observed, launch.launch, { ...beside, ...counted }) }
    case 'event': return { ...base, ...remember(observed, { status: 'running', ...beside, ...counted }), tags: schedule.tags }
    case 'time': {
      const due = dueMoments(schedule, wasOn(status?.value) ? status?.value.schedule : undefined, observed.nowMs, CATCH_UP_MAX)
      const runs = due.moments.map(ms => timeRun(observed.name, ms))
      const missed = due.leftOut + dropped
      return {
        ...base, runs, ...(due.nextMs === undefined ? {} : { nextMs: due.nextMs }),
        ...remember(observed, { status: 'running', schedule: due.progress, ...(due.nextMs === undefined ? {} : { next: iso(due.nextMs) }), ...beside, ...(missed > 0 ? { dropped: (status?.value.dropped ?? 0) + missed } : {}) }),
      }
    }
    default: return schedule satisfies never
  }
}

/** One run at a time; another program takes its place at once, an end brings the next one when its period is over. */
function daemon(observed: ObservedWorkflow, launch: Launch, beside: Partial<WorkflowState>): Omit<WorkflowPlan, 'remove' | 'events'> {
  const { open, past, nowMs, name } = observed
  const own = open.find(({ trigger }) => trigger.by === 'daemon')
  const outdated = own && isActive(own) && own.digest !== undefined && own.digest !== launch.digest
  const kept = remember(observed, { status: own ? 'running' : observed.status?.value.status === 'running' ? 'running' : 'starting', ...beside })
  if (outdated) return { runs: [], launch, ...kept, stop: { reason: 'the script or its settings were changed', which: ({ trigger, digest }) => trigger.by === 'daemon' && digest !== launch.digest } }
  if (own) return { runs: [], launch, ...kept }
  const startMs = past ? nextStartMs(past, launch.periodMs) : nowMs
  if (startMs > nowMs) return { runs: [], launch, nextMs: startMs, ...remember(observed, { status: 'running', next: iso(startMs), ...beside }) }
  return { runs: [daemonRun(name, nowMs)], launch, ...remember(observed, { status: 'running', ...beside }) }
}

function nextStartMs({ startedMs, endedMs, failures }: NonNullable<ObservedWorkflow['past']>, periodMs: number): number {
  const backoff = failures === 0 ? BACKOFF_FIRST_MS : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 30))
  if (periodMs === 0) return endedMs + backoff
  // Moments that fell into the run are left out, as with the original's executor.
  const periods = Math.max(1, Math.ceil((endedMs - startedMs) / periodMs))
  return startedMs + periods * periodMs
}

/** First everything ends, then it has ended. */
function ending(observed: ObservedWorkflow, status: 'suspending' | 'stopping'): WorkflowPlan {
  const active = observed.open.some(isActive)
  const reason = status === 'stopping' ? 'the workflow was stopped' : 'the workflow was suspended'
  const events = wasOn(observed.status?.value) ? [told(observed, 'unscheduled')] : []
  if (active) return { ...nothing, ...remember(observed, { status }), stop: { reason }, drop: reason, events }
  if (status === 'stopping') return { ...nothing, drop: reason, remove: true, events }
  return { ...nothing, ...remember(observed, { status: 'suspended' }), drop: reason, events }
}

/** The status with what stays of the old one. */
function remember({ status: stored, nowMs, workflow }: ObservedWorkflow, next: Partial<WorkflowState> & { readonly status: WorkflowStatus }): Pick<WorkflowPlan, 'status'> {
  const before = stored?.value
  const restarted = next.restarted ?? before?.restarted
  const dropped = next.dropped ?? before?.dropped
  const schedule = next.schedule ?? (workflow?.value.schedule.is === 'time' ? before?.schedule : undefined)
  return { status: {
    status: next.status, since: before?.status === next.status ? before.since : iso(nowMs), ...(next.reason ? { reason: next.reason } : {}), ...(next.next === undefined ? {} : { next: next.next }),
    ...(schedule === undefined ? {} : { schedule }), ...(restarted === undefined ? {} : { restarted }), ...(dropped === undefined ? {} : { dropped }),
  } }
}

const isActive = ({ state }: WorkflowRun) => state === 'running'
/** What was told as `scheduled`. */
const wasOn = (state: WorkflowState | undefined) => state?.status === 'running' || state?.status === 'restarting'
const iso = (ms: number) => new Date(ms).toISOString()

function told({ name }: ObservedWorkflow, what: 'scheduled' | 'unscheduled'): NewEvent {
  return { type: 'event', tags: [`workflows:${name}`, what] }
}

function timeRun(workflow: string, dueMs: number): WorkflowRun {
  const due = iso(dueMs)
  return { id: `t${dueMs}`, workflow, trigger: { by: 'time', due }, key: `${workflow}:time:${due}`, state: 'waiting', attempts: 0, created: due, log: [], left_out: 0 }
}

function daemonRun(workflow: string, nowMs: number): WorkflowRun {
  return { id: `d${nowMs}`, workflow, trigger: { by: 'daemon' }, key: `${workflow}:daemon:${nowMs}`, state: 'waiting', attempts: 0, created: iso(nowMs), log: [], left_out: 0 }
}
