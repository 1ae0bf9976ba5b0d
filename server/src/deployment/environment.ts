/** The environment that a service's instances find. */
import type { Deployment, DeploymentService } from '@vamp/model/deployment'

const REFERENCE = /\$(?:\$|\{\s*([^{}]+?)\s*\}|([^\s/[\].{}:;,$]+(?:\.[^\s/[\].{}:;,$]+){0,2}))/g

/** Breed, then the deployment's value for the cluster, then the service's own; names as the container sees them. */
export function environmentOf(deployment: Deployment, service: DeploymentService): Record<string, string> {
  const values = new Map<string, { name: string; value: string | null }>()
  for (const { name, alias, value } of [...service.breed.environment_variables, ...service.environment_variables])
    values.set(name, { name: alias ?? values.get(name)?.name ?? name, value: value ?? values.get(name)?.value ?? null })
  const locals = new Map([...service.breed.constants, ...[...values].map(([name, { value }]) => ({ name, value: value ?? '' }))].map(({ name, value }) => [name, value]))
  return Object.fromEntries([...values.values()].map(({ name, value }) => [name, resolve(value ?? '', deployment, service, locals)]))
}

function resolve(text: string, deployment: Deployment, service: DeploymentService, locals: ReadonlyMap<string, string>): string {
  return text.replaceAll(REFERENCE, (whole: string, braced?: string, plain?: string) => {
    if (whole === '$$') return '$'
    const [first = '', group, name] = (braced ?? plain ?? '').split('.')
    if (group === undefined) return locals.get(first) ?? ''
    const cluster = service.dependencies[first] ?? first
    if (group === 'host' || group === 'hosts') return deployment.hosts[cluster] ?? ''
    if (group === 'ports') return deployment.ports[`${cluster}.${name}`] ?? ''
    if (group === 'environment_variables') return deployment.environment_variables.find(variable => variable.name === `${cluster}.environment_variables.${name}`)?.value ?? ''
    return ''
  })
}
