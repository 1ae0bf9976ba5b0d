/** The machines that instances run on, and what may be asked of them. */
import { type NodeRow, nodes } from '@vamp/model/api/nodes'
import { Fault } from '@vamp/model/fault'
import { type Route, route, value } from './route.ts'
import type { World } from './world.ts'

export function nodeRoutes(world: World): Route[] {
  return [
    route(nodes.list, async () => value(await rows(world))),
    route(nodes.setAvailability, async ({ path, body, who }) => {
      await world.containers.setAvailability(path.node, body.availability)
      await world.events.append([{ type: 'node', tags: [`nodes:${path.node}`, `node:${body.availability}`], value: { by: who.name } }])
      const row = (await rows(world)).find(({ name }) => name === path.node)
      if (!row) throw new Fault('not_found', `There is no node '${path.node}'.`)
      return value(row)
    }),
  ]
}

async function rows({ containers }: World): Promise<readonly NodeRow[]> {
  const [all, seen] = await Promise.all([containers.nodes(), containers.observe()])
  const running = seen.filter(({ state }) => state === 'running')
  return all.map(({ memoryBytes, ...node }) => ({ ...node, memory: memoryBytes, instances: running.filter(instance => all.length === 1 || instance.node === node.name).length }))
}
