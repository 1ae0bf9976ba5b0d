/** Workflows are stored and shown. The status that is written is a wish; the one that is read is how far it has come. */
import { workflows } from '@vamp/model/api/workflows'
import { printJson } from '@vamp/model/print/json'
import type { Workflow, WorkflowStatus } from '@vamp/model/workflow'
import { artifactIn, namedArtifact } from './artifacts.ts'
import type { Draft } from './draft.ts'
import { found, notFound } from './found.ts'
import { pageOf, slice } from './paging.ts'
import { refuse } from './refused.ts'
import { artifacts, type Call, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { revisionOf, write } from './write.ts'

const ORDERS = ['starting', 'stopping', 'suspending', 'restarting'] as const satisfies readonly WorkflowStatus[]

export function workflowRoutes(world: World): Route[] {
  return [
    route(workflows.list, async ({ query }) => {
      const { items, total } = await world.store.list('workflows', slice(pageOf(query)))
      return value(await Promise.all(items.map(stored => view(world, stored.value))), { total })
    }),
    route(workflows.get, async ({ path }) => {
      const stored = await found(world, 'workflows', path.name)
      return value(await view(world, stored.value), { revision: stored.revision })
    }),
    route(workflows.create, call => put(world, call, artifactIn('workflows', call.body))),
    route(workflows.put, call => put(world, call, namedArtifact('workflows', call.body, call.path.name))),
    route(workflows.delete, async call => {
      const stored = await found(world, 'workflows', call.path.name)
      const { written } = await write(world, call, draft => draft.delete('workflows', call.path.name, call.expected))
      return written.is === 'planned' ? value(written.plan, { status: 200 }) : artifacts(stored.value)
    }),
    route(workflows.getStatus, async ({ path }) => value((await view(world, (await found(world, 'workflows', path.name)).value))['status'])),
    route(workflows.putStatus, async call => {
      const status = ORDERS.find(order => order === call.body.toLowerCase()) ?? refuse('IllegalWorkflowStatus', `Illegal workflow status: '${call.body}'.`, '', `one of ${ORDERS.join(', ')} is expected here`)
      await write(world, call, async draft => {
        const workflow = await draft.get('workflows', call.path.name)
        if (!workflow) throw notFound('workflows', call.path.name)
        await draft.put('workflows', { ...workflow, status }, call.expected === 'any' ? 'as-read' : call.expected, call.body)
      })
      return value(status)
    }),
  ]
}

/** As it was given, with how far it is: its own status where nothing has looked at it yet. */
async function view({ store }: World, workflow: Workflow): Promise<Readonly<Record<string, unknown>>> {
  const state = (await store.get('workflow-statuses', workflow.name))?.value
  const own = printJson(workflow) as Readonly<Record<string, unknown>>
  if (!state) return own
  const { schedule: _, restarted: __, ...told } = state
  return { ...own, ...told }
}

async function put(world: World, call: Pick<Call, 'who' | 'expected'> & { readonly query: object; readonly body: string }, workflow: Workflow): Promise<Reply> {
  const { written } = await write(world, call, draft => putWorkflow(draft, workflow, call.expected, call.body))
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : artifacts(workflow, revisionOf(written, workflow.name))
}

export async function putWorkflow(draft: Draft, workflow: Workflow, expected: Call['expected'], source: string): Promise<void> {
  if (await draft.get('deployments', workflow.name)) refuse('DeploymentWorkflowNameCollision', `There cannot exist deployment and workflow with the same name: ${workflow.name}.`, 'name')
  await draft.put('workflows', workflow, expected, source)
}
