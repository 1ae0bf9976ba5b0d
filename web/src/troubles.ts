/** What hurts now, in sentences. */
import type { DeploymentView, ServiceView } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import { path } from './path.ts'

export interface Trouble { readonly what: string; readonly why: string; readonly to: string }

export const serviceName = ({ breed }: ServiceView): string => breed.name

export function troublesOf(deployments: readonly DeploymentView[], gateways: readonly GatewayView[]): readonly Trouble[] {
  return [...deployments.flatMap(ofDeployment), ...gateways.flatMap(ofGateway)]
}

function ofGateway({ name, state, deployed }: GatewayView): Trouble[] {
  if (state.problem !== undefined) return [{ what: `Gateway ${name}`, why: state.problem, to: path.gateway(name) }]
  return deployed ? [] : [{ what: `Gateway ${name}`, why: 'It is not in force on every proxy yet.', to: path.gateway(name) }]
}

function ofDeployment({ name, clusters }: DeploymentView): Trouble[] {
  return Object.entries(clusters).flatMap(([cluster, { services }]) => services.flatMap(service => {
    const what = `${name}/${cluster} ${serviceName(service)}`
    const { name: phase, notification } = service.status.phase
    const broken = service.instances.filter(({ state }) => state === 'failed')
    if (phase === 'Failed') return [{ what, why: notification ?? 'It failed.', to: path.deployment(name) }]
    if (broken.length > 0) return [{ what, why: `${broken.length} of ${service.instances.length} instances failed. ${broken[0]?.reason ?? ''}`.trim(), to: path.deployment(name) }]
    return service.health.unhealthy > 0 ? [{ what, why: `${service.health.unhealthy} instances do not pass their health check.`, to: path.deployment(name) }] : []
  }))
}
