/** Everything that the next step of a workflow depends on, read at one time. */
import type { WorkflowRun } from '@vamp/model/workflow-run'
import type { Store, Stored } from '../store/store.ts'
import { type LaunchWorld, type Resolved, resolveLaunch } from './launch.ts'
import type { Runs } from './runs.ts'

/** How the daemon's last run went. */
export interface DaemonPast {
  readonly startedMs: number
  readonly endedMs: number
  /** In a row. */
  readonly failures: number
}

export interface ObservedWorkflow {
  readonly name: string
  readonly nowMs: number
  readonly workflow: Stored<'workflows'> | undefined
  readonly status: Stored<'workflow-statuses'> | undefined
  /** Absent without a workflow. */
  readonly launch: Resolved | undefined
  /** Under way or waiting. */
  readonly open: readonly WorkflowRun[]
  readonly past: DaemonPast | undefined
  /** Triggers that found no room since the last look. */
  readonly dropped: number
}

export async function observeWorkflow(name: string, nowMs: number, store: Store, runs: Runs, world: LaunchWorld): Promise<Omit<ObservedWorkflow, 'past' | 'dropped'>> {
  const [workflow, status] = await Promise.all([store.get('workflows', name), store.get('workflow-statuses', name)])
  return { name, nowMs, workflow, status, launch: workflow && await resolve(workflow, store, world), open: runs.open(name) }
}

async function resolve({ value: workflow }: Stored<'workflows'>, store: Store, world: LaunchWorld): Promise<Resolved> {
  const breed = workflow.breed.is === 'inline' ? workflow.breed.value : (await store.get('breeds', workflow.breed.reference))?.value
  if (!breed) return { is: 'refused', why: `there is no breed '${workflow.breed.is === 'reference' ? workflow.breed.reference : ''}'` }
  const scale = workflow.scale?.is === 'reference' ? (await store.get('scales', workflow.scale.reference))?.value : workflow.scale?.value
  if (workflow.scale?.is === 'reference' && !scale) return { is: 'refused', why: `there is no scale '${workflow.scale.reference}'` }
  return resolveLaunch(workflow, breed, scale, world)
}
