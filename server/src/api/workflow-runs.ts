/** Runs of workflows, what they print, what scripts remember, and the workflows that come with the server. */
import { workflows } from '@vamp/model/api/workflows'
import { Fault } from '@vamp/model/fault'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import { VALUE_BYTES_MAX, VALUES_MAX } from '../workflow/limits.ts'
import { shippedWorkflows } from '../workflow/shipped.ts'
import { TRIED } from '../workflow/workflows.ts'
import { artifactIn } from './artifacts.ts'
import { found } from './found.ts'
import { pageOf, slice } from './paging.ts'
import { nothing, type Route, route, value } from './route.ts'
import { aborted, type Outlet } from './sse.ts'
import type { World } from './world.ts'

export function workflowRunRoutes(world: World): Route[] {
  const demand = async (name: string) => { if (name !== TRIED) await found(world, 'workflows', name) }
  return [
    route(workflows.runs, async ({ path, query }) => {
      await demand(path.name)
      const { items, total } = await world.workflows.runs(path.name, slice(pageOf(query)))
      return value(items.map(({ log: _, ...summary }) => summary), { total })
    }),
    route(workflows.run, async ({ path, body, who }) => value(await world.workflows.run(path.name, { who: who.name, ...body }))),
    route(workflows.getRun, async ({ path }) => value(await foundRun(world, path.name, path.run))),
    route(workflows.stopRun, async ({ path, who }) => {
      await foundRun(world, path.name, path.run)
      world.workflows.stop(path.name, path.run, `${who.name} stopped it`)
      return nothing
    }),
    route(workflows.logs, async ({ path, query }) => {
      await demand(path.name)
      return { is: 'stream', source: outlet => sendLogs(world, path.name, query, outlet) }
    }),
    route(workflows.try, async ({ body, who }) => {
      const { workflow, ...asked } = body
      return value(await world.workflows.try(artifactIn('workflows', JSON.stringify(workflow)), { who: who.name, ...asked }))
    }),
    ...valueRoutes(world),
    route(workflows.shipped, async () => value(await shippedWorkflows())),
  ]
}

function valueRoutes({ store }: World): Route[] {
  const record = ({ name, key }: { readonly name: string; readonly key: string }) => `${name}/${key}`
  return [
    route(workflows.values, async ({ path }) => {
      const { items } = await store.list('workflow-values', { prefix: `${path.name}/` })
      return value(Object.fromEntries(items.map(({ name, value: { value: remembered } }) => [name.slice(path.name.length + 1), remembered])))
    }),
    route(workflows.value, async ({ path }) => {
      const stored = await store.get('workflow-values', record(path))
      if (!stored) throw new Fault('not_found', `'${path.name}' remembers nothing as '${path.key}'.`)
      return value(stored.value.value, { revision: stored.revision })
    }),
    route(workflows.putValue, async ({ path, body, expected }) => {
      if (JSON.stringify(body).length > VALUE_BYTES_MAX) throw new Fault('too_large', `What a script remembers under one key has at most ${VALUE_BYTES_MAX} bytes.`)
      if (!await store.get('workflow-values', record(path)) && (await store.list('workflow-values', { prefix: `${path.name}/`, limit: 0 })).total >= VALUES_MAX) throw new Fault('too_large', `A workflow remembers at most ${VALUES_MAX} things.`)
      await store.put('workflow-values', record(path), { value: body }, expected)
      return nothing
    }),
    route(workflows.deleteValue, async ({ path, expected }) => {
      await store.delete('workflow-values', record(path), expected)
      return nothing
    }),
  ]
}

async function foundRun({ workflows: running }: World, name: string, id: string): Promise<WorkflowRun> {
  const run = await running.find(name, id)
  if (!run) throw new Fault('not_found', `The workflow '${name}' has no run '${id}'; the newest ones are kept.`)
  return run
}

/** What was printed, then what is: of one run until its end, of a workflow until the client goes. */
async function sendLogs(world: World, name: string, { tail, follow, run: only }: { readonly tail: number; readonly follow: boolean; readonly run?: string }, outlet: Outlet): Promise<void> {
  const send = (run: WorkflowRun, lines: WorkflowRun['log']) => { for (const line of lines) outlet.send({ event: 'line', data: { ...line, run: run.id } }) }
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const isOver = ({ state }: WorkflowRun) => state !== 'waiting' && state !== 'running'
  const end = follow ? world.workflows.onNews(({ run, ...news }) => {
    if (run.workflow !== name || (only !== undefined && run.id !== only)) return
    if (news.is === 'lines') send(run, news.lines)
    else if (only !== undefined && isOver(run)) resolve()
  }) : () => {}
  try {
    const { items } = await world.workflows.runs(name, { offset: 0, limit: 50 })
    const past = only === undefined ? items : [await foundRun(world, name, only)]
    const lines = past.toReversed().flatMap(run => run.log.map(line => ({ run, line }))).toSorted((a, b) => a.line.timestamp < b.line.timestamp ? -1 : a.line.timestamp > b.line.timestamp ? 1 : 0)
    for (const { run, line } of tail === 0 ? [] : lines.slice(-tail)) send(run, [line])
    if (!follow || past.some(run => only !== undefined && isOver(run))) return
    await Promise.race([over, aborted(outlet.signal)])
  } finally {
    end()
  }
}
