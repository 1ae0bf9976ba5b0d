import type { DeploymentView } from '@vamp/model/api/deployments'
import { TopologyChart } from '../chart/topology-chart.tsx'
import { useLive } from '../look.ts'
import { allGateways, instanceTraffic, routeTraffic } from '../sources.ts'
import { topologyOf } from '../topology.ts'

/** The way of the requests through deployments, with what passes just now; everything in it is also in the tables. */
export function TopologyView({ deployments }: { readonly deployments: readonly DeploymentView[] }) {
  const gateways = useLive(allGateways())
  const routes = useLive(routeTraffic())
  const instances = useLive(instanceTraffic(deployments.length === 1 ? deployments[0]?.name : undefined))
  const topology = topologyOf(deployments, gateways.is === 'here' ? gateways.value : [], { routes: routes.is === 'here' ? routes.value : [], instances: instances.is === 'here' ? instances.value : [] })
  if (topology.nodes.length === 0 || gateways.is === 'loading') return null
  return <TopologyChart topology={topology} label={`How requests flow: ${topology.nodes.length} places`} />
}
