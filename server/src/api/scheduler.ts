/** What runs, as a scheduler would list it: the services with their instances and ports that selectors choose from. */
import { system } from '@vamp/model/api/system'
import { type Candidate, candidates } from '@vamp/model/routing/selected'
import { parseSelector } from '@vamp/model/selector/parse'
import { select } from '@vamp/model/selector/select'
import { pageFrom } from './paging.ts'
import { accepted } from './refused.ts'
import { type Route, route, value } from './route.ts'
import type { World } from './world.ts'

interface RoutingGroup {
  readonly name: string
  readonly kind: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly image: string
  readonly instances: readonly { readonly ip: string; readonly ports: readonly { readonly host: number; readonly container: number }[] }[]
}

export function schedulerRoutes({ store, config }: World): Route[] {
  return [
    route(system.routing, async ({ query }) => {
      const selector = accepted(parseSelector(query.selector))
      const deployments = (await store.list('deployments')).items.map(stored => stored.value)
      const statuses = (await store.list('deployment-statuses')).items.map(stored => stored.value)
      const chosen = candidates(deployments, statuses).filter(({ target }) => select(selector, target, config.namespace).selected)
      const { items, total } = pageFrom(groups(chosen), query)
      return value(items, { total })
    }),
  ]
}

/** One for each service. */
function groups(chosen: readonly Candidate[]): RoutingGroup[] {
  const services = Map.groupBy(chosen, ({ target: { namespace, labels, name } }) => [namespace, labels['cluster'], name].join('/'))
  return [...services.values()].flatMap(own => {
    const [first] = own
    if (!first) return []
    const { name, kind, namespace, labels, image } = first.target
    const instances = [...Map.groupBy(own, ({ endpoint }) => endpoint.id).values()].map(ports => ({
      ip: ports[0]?.target.ip ?? '', ports: ports.map(({ target, endpoint }) => ({ host: endpoint.port, container: target.port })),
    }))
    return [{ name, kind, namespace, labels, image, instances }]
  })
}
