/**
 * Runs under way and those that wait for their turn. A run is recorded before it begins and after it ended; what a server that dies
 * leaves behind is begun again by the next one, with the same key.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { RunLine, WorkflowRun } from '@vamp/model/workflow-run'
import { backoffMs } from '../base/keyed-queue.ts'
import { openListeners } from '../base/listeners.ts'
import type { Store } from '../store/store.ts'
import type { Launch, RunnerName } from './launch.ts'
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, DAEMONS_MAX, OVERLAPPING_MAX, RUNS_AT_ONCE, RUNS_KEPT, WAITING_MAX } from './limits.ts'
import { addLines, emptyLog, type RunLog } from './run-log.ts'
import type { RunWriter } from './run-writer.ts'
import type { RunEnd, Runner, Running } from './runner.ts'

export interface RunsOptions {
  readonly store: Store
  readonly writer: RunWriter
  readonly runners: (name: RunnerName) => Promise<Runner>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** A run is over, for good or until its next attempt. */
  readonly ended: (run: WorkflowRun) => void
}

/** Lines of a run as they come, and its end. */
export type RunNews = { readonly is: 'lines'; readonly run: WorkflowRun; readonly lines: readonly RunLine[] } | { readonly is: 'changed'; readonly run: WorkflowRun }

export interface Runs extends AsyncDisposable {
  /** What an earlier server left behind. */
  restore(): Promise<void>
  /** Absent: nothing of this workflow is begun. */
  define(workflow: string, launch: Launch | undefined): void
  /** Those that are recorded already. They begin when it is their turn. */
  add(runs: readonly WorkflowRun[]): void
  /** How many more may wait. */
  room(workflow: string): number
  active(workflow: string): readonly WorkflowRun[]
  /** Those under way, with what they have printed so far, and those that wait. */
  open(workflow: string): readonly WorkflowRun[]
  stop(workflow: string, reason: string, which?: (run: WorkflowRun) => boolean): void
  /** Those that wait will never run. */
  drop(workflow: string, reason: string): void
  /** Forgets everything, also what is recorded. */
  forget(workflow: string): Promise<void>
  onNews(listener: (news: RunNews) => void): () => void
}

interface Active { run: WorkflowRun; log: RunLog; running: Running | undefined; stopping: string | undefined }
interface Lane { readonly waiting: WorkflowRun[]; readonly active: Map<string, Active>; readonly kept: string[]; launch: Launch | undefined }

/** Of a run that prints for long, so often at most. */
const RECORD_LOG_MS = 5000

export function openRuns({ store, writer, runners, clock, log, random, ended }: RunsOptions): Runs {
  const lanes = new Map<string, Lane>()
  const news = openListeners<RunNews>()
  const ready: string[] = []
  const timers = new Set<() => void>()
  let busy = 0
  let daemons = 0
  let closed = false

  const laneOf = (workflow: string) => {
    const known = lanes.get(workflow)
    if (known) return known
    const lane: Lane = { waiting: [], active: new Map(), kept: [], launch: undefined }
    lanes.set(workflow, lane)
    return lane
  }
  const isDaemon = ({ trigger }: WorkflowRun) => trigger.by === 'daemon'
  const iso = () => new Date(clock.now()).toISOString()

  function pump(): void {
    // Each workflow gets a turn before one gets its second.
    for (let looks = ready.length; looks > 0 && !closed; looks--) {
      const workflow = ready.shift()
      const lane = workflow === undefined ? undefined : lanes.get(workflow)
      if (workflow === undefined || !lane) continue
      const begun = beginNext(lane)
      if (begun && lane.waiting.length > 0) looks++
      if (lane.waiting.length > 0) ready.push(workflow)
    }
  }

  function beginNext(lane: Lane): boolean {
    const { launch, waiting, active } = lane
    if (!launch) return false
    const next = waiting[0]
    if (!next) return false
    const together = launch.overlap === 'allow' ? OVERLAPPING_MAX : 1
    if (active.size >= together) {
      if (launch.overlap === 'skip' && !isDaemon(next)) { waiting.shift(); finish(lane, { ...next, state: 'skipped', finished: iso(), reason: 'another run was under way' }); return true }
      return false
    }
    if (isDaemon(next) ? daemons >= DAEMONS_MAX : busy >= RUNS_AT_ONCE) return false
    waiting.shift()
    begin(lane, launch, next)
    return true
  }

  function begin(lane: Lane, launch: Launch, waiting: WorkflowRun): void {
    // A container outlives the server that began it: its time goes on, and what it runs is what it was begun with.
    const begun = launch.runner === 'container' && waiting.started !== undefined ? { started: waiting.started, digest: waiting.digest ?? launch.digest } : { started: iso(), digest: launch.digest }
    const run: WorkflowRun = { ...waiting, state: 'running', attempts: waiting.attempts + 1, ...begun }
    const active: Active = { run, log: emptyLog, running: undefined, stopping: undefined }
    lane.active.set(run.id, active)
    if (isDaemon(run)) daemons++
    else busy++
    writer.put(run)
    news.tell({ is: 'changed', run })
    void carryOut(active, launch).then(end => over(lane, launch, active, end))
  }

  async function carryOut(active: Active, launch: Launch): Promise<RunEnd> {
    try {
      const runner = await runners(launch.runner)
      if (active.stopping !== undefined) return { state: 'stopped', reason: active.stopping }
      let recordedAt = clock.monotonic()
      active.running = runner.start(launch.request(active.run), {
        printed(lines, leftOut) {
          const before = active.log
          active.log = addLines(before, lines, leftOut)
          if (news.size > 0) news.tell({ is: 'lines', run: active.run, lines: addLines(emptyLog, lines, 0).lines })
          if (clock.monotonic() - recordedAt < RECORD_LOG_MS) return
          recordedAt = clock.monotonic()
          writer.put(withLog(active))
        },
      })
      return await active.running.ended
    } catch (error) {
      log.error('a run of a workflow could not be begun', { workflow: active.run.workflow, run: active.run.id, error })
      return { state: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  function over(lane: Lane, launch: Launch, active: Active, end: RunEnd): void {
    // What the end of the server ended is begun again by the next one.
    if (closed) return
    lane.active.delete(active.run.id)
    if (isDaemon(active.run)) daemons--
    else busy--
    const run: WorkflowRun = {
      ...withLog(active), state: end.state, finished: iso(), ...(end.result === undefined ? {} : { result: end.result }), ...(end.reason === undefined ? {} : { reason: end.reason }),
      ...(end.limit === undefined ? {} : { limit: end.limit }), ...(end.cpuMs === undefined ? {} : { cpu_ms: end.cpuMs }),
    }
    if (end.state === 'failed' && !isDaemon(run) && run.attempts <= launch.retries) retry(lane, run)
    else finish(lane, run)
    schedule(run.workflow)
  }

  function retry(lane: Lane, failed: WorkflowRun): void {
    const { finished: _, started: __, ...run } = failed
    const waiting: WorkflowRun = { ...run, state: 'waiting' }
    writer.put(waiting)
    news.tell({ is: 'changed', run: waiting })
    const cancel = clock.after(Math.min(BACKOFF_MAX_MS, (backoffMs(failed.attempts, random) / 250) * BACKOFF_FIRST_MS), () => {
      timers.delete(cancel)
      lane.waiting.unshift(waiting)
      schedule(waiting.workflow)
    })
    timers.add(cancel)
    ended(failed)
  }

  function finish(lane: Lane, run: WorkflowRun): void {
    writer.put(run)
    lane.kept.push(run.id)
    while (lane.kept.length > RUNS_KEPT) writer.delete(run.workflow, lane.kept.shift() ?? '')
    news.tell({ is: 'changed', run })
    ended(run)
  }

  function schedule(workflow: string): void {
    if ((lanes.get(workflow)?.waiting.length ?? 0) > 0 && !ready.includes(workflow)) ready.push(workflow)
    pump()
  }

  return {
    async restore() {
      const { items } = await store.list('workflow-runs')
      for (const { value: run } of items.toSorted((a, b) => a.value.created < b.value.created ? -1 : 1)) {
        const lane = laneOf(run.workflow)
        if (run.state === 'waiting') lane.waiting.push(run)
        // The attempt that died with the server is not counted.
        else if (run.state === 'running') lane.waiting.push({ ...run, state: 'waiting', attempts: Math.max(0, run.attempts - 1) })
        else lane.kept.push(run.id)
      }
    },
    define(workflow, launch) {
      const lane = launch ? laneOf(workflow) : lanes.get(workflow)
      if (!lane) return
      lane.launch = launch
      if (launch) schedule(workflow)
    },
    add(runs) {
      for (const run of runs) {
        laneOf(run.workflow).waiting.push(run)
        news.tell({ is: 'changed', run })
      }
      for (const workflow of new Set(runs.map(run => run.workflow))) schedule(workflow)
    },
    room: workflow => Math.max(0, WAITING_MAX - (lanes.get(workflow)?.waiting.length ?? 0)),
    active: workflow => [...lanes.get(workflow)?.active.values() ?? []].map(({ run }) => run),
    open: workflow => { const lane = lanes.get(workflow); return lane ? [...[...lane.active.values()].map(withLog), ...lane.waiting] : [] },
    stop(workflow, reason, which = () => true) {
      for (const active of lanes.get(workflow)?.active.values() ?? []) {
        if (active.stopping !== undefined || !which(active.run)) continue
        active.stopping = reason
        active.running?.stop(reason)
      }
    },
    drop(workflow, reason) {
      const lane = lanes.get(workflow)
      for (const run of lane?.waiting.splice(0) ?? []) if (lane) finish(lane, { ...run, state: 'skipped', finished: iso(), reason })
    },
    async forget(workflow) {
      const lane = lanes.get(workflow)
      lanes.delete(workflow)
      for (const run of lane?.waiting ?? []) writer.delete(workflow, run.id)
      for (const id of lane?.kept ?? []) writer.delete(workflow, id)
      await writer.flush()
      for (const { name } of (await store.list('workflow-runs', { prefix: `${workflow}/` })).items) await store.delete('workflow-runs', name)
    },
    onNews: listener => news.add(listener),
    async [Symbol.asyncDispose]() {
      closed = true
      for (const cancel of timers) cancel()
      for (const { active } of lanes.values()) for (const each of active.values()) writer.put(withLog(each))
    },
  }

  function withLog({ run, log: kept }: Active): WorkflowRun {
    return { ...run, log: kept.lines, left_out: kept.leftOut }
  }
}

