/**
 * What people program, runs. Woken by the name of a workflow: by the store when the workflow, its breed or its scale changes, by the end
 * of a run, and by the timer when a schedule is due. Events come in beside it, through `intake.ts`.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import { again, done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Store, Write } from '../store/store.ts'
import type { LaunchWorld } from './launch.ts'
import { type DaemonPast, type ObservedWorkflow, observeWorkflow } from './observe.ts'
import { planWorkflow, type WorkflowPlan } from './plan.ts'
import type { Runs } from './runs.ts'
import { recordName } from './run-writer.ts'
import type { TagIndex } from './tag-index.ts'

export interface WorkflowReconcilerOptions {
  readonly store: Store
  readonly events: EventLog
  readonly runs: Runs
  readonly index: TagIndex
  readonly world: LaunchWorld
  readonly clock: Clock
  readonly log: Logger
}

export interface WorkflowReconciler extends Reconciler {
  /** To be told of every run that is over. */
  ended(run: WorkflowRun): void
  dropped(workflow: string): void
}

/** A timer never sleeps longer: clocks are set, and numbers of milliseconds end. */
const LOOK_AGAIN_MS = 60 * 60_000

export function workflowReconciler({ store, events, runs, index, world, clock, log }: WorkflowReconcilerOptions): WorkflowReconciler {
  const past = new Map<string, DaemonPast>()
  const dropped = new Map<string, number>()

  async function apply(observed: ObservedWorkflow, plan: WorkflowPlan): Promise<void> {
    const { name, status } = observed
    const changed = plan.status && JSON.stringify(plan.status) !== JSON.stringify(status?.value)
    const writes: Write[] = [
      ...(plan.status && (changed || plan.runs.length > 0) ? [{ do: 'put', kind: 'workflow-statuses', name, value: plan.status, expected: status?.revision ?? 'absent' } as const] : []),
      ...plan.runs.map((run): Write => ({ do: 'put', kind: 'workflow-runs', name: recordName(run), value: run, expected: 'any' })),
      ...(plan.remove ? [{ do: 'delete', kind: 'workflows', name, expected: observed.workflow?.revision ?? 'any' } as const] : []),
    ]
    // Whoever reads that it runs may tell of an event at once: it must not be missed.
    if (plan.tags) {
      runs.define(name, plan.launch)
      index.set(name, plan.tags)
    }
    if (writes.length > 0) await store.transaction(writes)
    if (!plan.tags) {
      index.delete(name)
      runs.define(name, plan.launch)
    }
    if (plan.stop) runs.stop(name, plan.stop.reason, plan.stop.which)
    if (plan.drop !== undefined) runs.drop(name, plan.drop)
    if (plan.runs.length > 0) runs.add(plan.runs)
    if (changed && status?.value.status !== plan.status?.status) log.info('workflow', { workflow: name, status: plan.status?.status, ...(plan.status?.reason === undefined ? {} : { reason: plan.status.reason }) })
    if (plan.events.length > 0) await events.append(plan.events)
  }

  async function forget({ name, workflow, status, open }: ObservedWorkflow): Promise<void> {
    past.delete(name)
    if (workflow || open.some(({ state }) => state === 'running')) return
    if (status) await store.delete('workflow-statuses', name)
    await runs.forget(name)
    for (const { name: value } of (await store.list('workflow-values', { prefix: `${name}/` })).items) await store.delete('workflow-values', value)
  }

  return {
    async reconcile(name): Promise<Outcome> {
      const missed = dropped.get(name) ?? 0
      const seen = await observeWorkflow(name, clock.now(), store, runs, world)
      const last = past.get(name)
      const observed: ObservedWorkflow = { ...seen, past: last, dropped: missed }
      const plan = planWorkflow(observed)
      try {
        await apply(observed, plan)
      } catch (error) {
        if (error instanceof Fault && error.code === 'revision_mismatch') return again(5)
        throw error
      }
      if (missed > 0) dropped.set(name, (dropped.get(name) ?? missed) - missed)
      if (!observed.workflow || plan.remove) await forget(plan.remove ? { ...observed, workflow: undefined } : observed)
      return plan.nextMs === undefined ? done : again(Math.min(LOOK_AGAIN_MS, Math.max(0, plan.nextMs - clock.now())))
    },
    ended(run) {
      if (run.trigger.by !== 'daemon') return
      const before = past.get(run.workflow)?.failures ?? 0
      // What was stopped begins again at once: it was stopped for that.
      if (run.state === 'stopped') past.delete(run.workflow)
      else past.set(run.workflow, { startedMs: Date.parse(run.started ?? run.created), endedMs: Date.parse(run.finished ?? run.created), failures: run.state === 'failed' ? before + 1 : 0 })
    },
    dropped(workflow) { dropped.set(workflow, (dropped.get(workflow) ?? 0) + 1) },
  }
}
