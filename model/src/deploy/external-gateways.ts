/** The gateways into a deployment that its blueprint declares: `deployment/9050`, with routes `deployment/cluster/port`. */
import type { Deployment } from '../deployment.ts'
import type { Gateway } from '../gateway.ts'
import type { Problem } from '../problem.ts'
import { inline } from '../reference.ts'
import { assignWeights, weightProblem } from '../weights.ts'
import { staying } from './check.ts'
import { unresolvedPort } from './internal-gateways.ts'

export interface ExternalGateways {
  readonly gateways: readonly Gateway[]
  readonly problems: readonly Problem[]
}

/** `declared` as in the blueprint, routes resolved; `stored` all gateways there are, whose assigned port is kept. */
export function externalGateways(deployment: Deployment, declared: readonly Gateway[], stored: ReadonlyMap<string, Gateway>): ExternalGateways {
  const problems: Problem[] = []
  const gateways = declared.map(gateway => {
    const name = externalName(deployment.name, gateway)
    const existing = stored.get(name)
    problems.push(...checkRoutes(deployment, gateway), ...checkPort(deployment, gateway, stored))
    const port = gateway.port.number === 0 && existing ? { ...gateway.port, name: existing.port.name, number: existing.port.number } : gateway.port
    return { ...(existing?.service ? { service: existing.service } : {}), ...gateway, name, port, routes: fullRoutes(deployment.name, gateway) }
  })
  return { gateways, problems }
}

/** By its number where the blueprint's key has one, else by the key. */
export function externalName(deployment: string, { name, port }: Gateway): string {
  return `${deployment}/${/^\d+(\/\w+)?$/.test(name) ? port.number : name}`
}

function fullRoutes(deployment: string, { routes }: Gateway): Gateway['routes'] {
  const weights = assignWeights(routes.map(({ settings }) => settings.is === 'inline' ? settings.value.weight : undefined))
  return routes.map(({ path, settings }, index) => ({
    path: `${deployment}/${path}`,
    settings: settings.is === 'inline' ? inline({ ...settings.value, weight: weights[index] ?? 0 }) : settings,
  }))
}

function checkRoutes(deployment: Deployment, gateway: Gateway): readonly Problem[] {
  const path = `gateways/${gateway.name}`
  const unknown = gateway.routes.filter(route => {
    const [cluster, port, ...more] = route.path.split('/')
    const services = deployment.clusters.filter(({ name }) => name === cluster).flatMap(staying)
    return more.length > 0 || !services.some(({ breed }) => breed.ports.some(({ name }) => name === port))
  })
  const weights = weightProblem(gateway.routes.map(({ settings }) => settings.is === 'inline' ? settings.value.weight : undefined))
  return [
    ...unknown.map(route => ({ code: 'UnresolvedGatewayPortError', message: unresolvedPort(route.path.replace('/', '.'), gateway.name), path: `${path}/routes/${route.path}`, hint: 'a route is written cluster/port' })),
    ...(weights ? [{ code: weights.code, message: `${weights.reason}: ${gateway.name}.`, path }] : []),
  ]
}

/** A port is one gateway's, whichever deployment it belongs to. */
function checkPort(deployment: Deployment, gateway: Gateway, stored: ReadonlyMap<string, Gateway>): readonly Problem[] {
  const own = externalName(deployment.name, gateway)
  const holder = [...stored.values()].find(({ name, port }) => name !== own && port.number > 0 && port.number === gateway.port.number)
  return holder ? [{
    code: 'UnavailableGatewayPortError',
    message: takenPort(gateway.port.number, holder),
    path: `gateways/${gateway.name}`,
  }] : []
}

export function takenPort(number: number, holder: Pick<Gateway, 'name'>): string {
  return `Gateway port '${number}' is in use by gateway '${holder.name}'. Remove that gateway, or the deployment that it belongs to, or use another port.`
}
