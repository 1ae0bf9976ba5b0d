/** Every route of the contract but the counters, which need the server itself. */
import { agentRoutes } from './agents.ts'
import { artifactRoutes } from './artifacts.ts'
import { deploymentPartRoutes } from './deployment-parts.ts'
import { deploymentRoutes } from './deployments.ts'
import { documentRoutes } from './documents.ts'
import { eventRoutes } from './events.ts'
import { gatewayRoutes } from './gateways.ts'
import { imagePushRoutes } from './image-pushes.ts'
import { instanceLogRoutes } from './instance-logs.ts'
import { instanceRoutes } from './instances.ts'
import { measuredRoutes } from './measured.ts'
import { nodeRoutes } from './nodes.ts'
import { releaseRoutes } from './releases.ts'
import type { Route } from './route.ts'
import { scalingRoutes } from './scaling.ts'
import { systemRoutes } from './system.ts'
import { tokenRoutes } from './tokens.ts'
import { traceRoutes } from './trace.ts'
import { trafficRoutes } from './traffic.ts'
import { workflowRunRoutes } from './workflow-runs.ts'
import { workflowRoutes } from './workflows.ts'
import type { World } from './world.ts'

export function allRoutes(world: World): readonly Route[] {
  return [
    ...documentRoutes(world), ...artifactRoutes(world), ...deploymentRoutes(world), ...deploymentPartRoutes(world), ...instanceLogRoutes(world), ...nodeRoutes(world), ...instanceRoutes(world), ...gatewayRoutes(world),
    ...workflowRoutes(world), ...workflowRunRoutes(world), ...releaseRoutes(world), ...imagePushRoutes(world), ...scalingRoutes(world), ...eventRoutes(world), ...systemRoutes(world), ...measuredRoutes(world), ...trafficRoutes(world), ...traceRoutes(world), ...tokenRoutes(world), ...agentRoutes(world),
  ]
}
