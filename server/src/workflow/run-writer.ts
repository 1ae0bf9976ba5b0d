/** Writes of runs, grouped: what is given while a commit is under way goes into the next one. The newest version of a run wins. */
import type { WorkflowRun } from '@vamp/model/workflow-run'
import type { Logger } from '@vamp/agent/base/log'
import type { Store, Write } from '../store/store.ts'

export interface RunWriter extends AsyncDisposable {
  /** Is stored soon. */
  put(run: WorkflowRun): void
  delete(workflow: string, id: string): void
  /** When everything given so far is stored. */
  flush(): Promise<void>
}

const WRITES_MAX = 500
const RETRY_MS = 1000

export const recordName = ({ workflow, id }: Pick<WorkflowRun, 'workflow' | 'id'>) => `${workflow}/${id}`

export function openRunWriter({ store, log, sleep }: { readonly store: Store; readonly log: Logger; readonly sleep: (ms: number) => Promise<void> }): RunWriter {
  const pending = new Map<string, WorkflowRun | undefined>()
  let working: Promise<void> | undefined
  let closed = false

  async function work(): Promise<void> {
    // A turn later, so that what happens together is stored together.
    await new Promise(resolve => setImmediate(resolve))
    while (pending.size > 0) {
      const batch = [...pending].slice(0, WRITES_MAX)
      try {
        await store.transaction(batch.map(([name, run]): Write => run ? { do: 'put', kind: 'workflow-runs', name, value: run, expected: 'any' } : { do: 'delete', kind: 'workflow-runs', name, expected: 'any' }))
        for (const [name, run] of batch) if (pending.get(name) === run) pending.delete(name)
      } catch (error) {
        if (closed) break
        log.warn('runs of workflows cannot be recorded, will be tried again', { error })
        await sleep(RETRY_MS)
      }
    }
    working = undefined
  }
  const begin = () => { working ??= work() }

  return {
    put(run) { pending.set(recordName(run), run); begin() },
    delete(workflow, id) { pending.set(recordName({ workflow, id }), undefined); begin() },
    flush: async () => { while (working) await working },
    async [Symbol.asyncDispose]() { closed = true; while (working) await working },
  }
}
