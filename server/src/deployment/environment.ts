/** The environment that a service's instances find. */
import type { Deployment, DeploymentService } from '@vamp/model/deployment'

/** `$name`, `$cluster.host`, `$cluster.group.name`, the same in braces, and `$$`. */
const REFERENCE = /\$(?:\$|\{\s*([^{}]+?)\s*\}|([^\s/[\].{}:;,$]+(?:\.[^\s/[\].{}:;,$]+){0,2}))/g

interface Variable { readonly name: string; readonly value: string }

/** What the breed says, over it what the deployment says for the cluster, over it the service's own; named as the container sees it. */
export function environmentOf(deployment: Deployment, cluster: string, service: DeploymentService): Record<string, string> {
  const variables = new Map<string, Variable>()
  const own = `${cluster}.environment_variables.`
  const shared = deployment.environment_variables.filter(({ name }) => name.startsWith(own)).map(variable => ({ ...variable, name: variable.name.slice(own.length) }))
  // What the deployment says for a cluster is for those services that know the variable.
  const known = new Set(service.breed.environment_variables.map(({ name }) => name))
  for (const { name, alias, value } of [...service.breed.environment_variables, ...shared.filter(({ name }) => known.has(name)), ...service.environment_variables]) {
    const before = variables.get(name)
    variables.set(name, { name: alias ?? before?.name ?? name, value: value ?? before?.value ?? '' })
  }
  const locals = new Map([...service.breed.constants.map(({ name, value }) => [name, value] as const), ...[...variables].map(([name, { value }]) => [name, value] as const)])
  return Object.fromEntries([...variables.values()].map(({ name, value }) => [name, resolve(value, deployment, service, locals)]))
}

/** What cannot be resolved is empty. A value that is put in is not looked at again. */
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
