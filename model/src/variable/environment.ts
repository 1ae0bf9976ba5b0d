/**
 * The environment that the instances of a service find. From weak to strong: what the breed says, what the blueprint says of the
 * cluster, what the service says. A variable keeps the alias of the breed, whoever gives the value.
 */
import type { EnvironmentVariable } from '../breed.ts'
import { clusterVariable } from '../deploy/check.ts'
import type { Deployment, DeploymentService } from '../deployment.ts'
import type { Problem } from '../problem.ts'
import { parseValue } from './parse.ts'
import { resolveValue, type Scope } from './resolve.ts'

/** What the deployment does not say itself. */
export interface EnvironmentFacts {
  /** Number of the internal gateway. */
  readonly port: (cluster: string, port: string) => string | undefined
  /** Where the gateways of a cluster are reached; the deployment's own word where absent. */
  readonly host?: Scope['host']
  readonly service?: NonNullable<Scope['service']>
  readonly global?: Scope['global']
}

export interface Environment {
  /** By the names that the container sees. */
  readonly variables: Readonly<Record<string, string>>
  /** Place holders that nobody filled, texts that are no values. */
  readonly problems: readonly Problem[]
}

export function environmentOf(deployment: Deployment, cluster: string, service: DeploymentService, facts: EnvironmentFacts): Environment {
  const problems: Problem[] = []
  const values = effectiveVariables(deployment, cluster, service)
  const scope = scopeOf(deployment, cluster, service, facts)
  const variables = values.map(({ name, alias = name, value }) => {
    const path = `clusters/${cluster}/services/${service.breed.name}/environment_variables/${name}`
    if (value === null) problems.push({ code: 'UnresolvedVariableValueError', message: `Unresolved value of variable '${name}' for breed '${service.breed.name}'.`, path })
    const parsed = parseValue(value ?? '', path)
    if (parsed.is === 'refused') problems.push(...parsed.problems)
    return [alias, parsed.is === 'ok' ? resolveValue(parsed.value, scope) : value ?? ''] as const
  })
  return { variables: Object.fromEntries(variables), problems }
}

/** References not yet resolved; `null` where nobody gave a value. */
export function effectiveVariables(deployment: Deployment, cluster: string, { breed, environment_variables }: DeploymentService): readonly EnvironmentVariable[] {
  const ofCluster = deployment.environment_variables.flatMap(variable => {
    const parts = clusterVariable(variable.name)
    return parts?.cluster === cluster ? [{ ...variable, name: parts.name }] : []
  })
  const declared = new Set(breed.environment_variables.map(({ name }) => name))
  return overridden(breed.environment_variables, [...ofCluster.filter(({ name }) => declared.has(name)), ...environment_variables])
}

/** The later word counts, where it has a value; the alias is the one that was given first unless a later one brings its own. */
export function overridden(declared: readonly EnvironmentVariable[], stronger: readonly EnvironmentVariable[]): readonly EnvironmentVariable[] {
  const values = new Map(declared.map(variable => [variable.name, variable]))
  for (const { name, alias, value } of stronger) {
    const seen = alias ?? values.get(name)?.alias
    values.set(name, { name, ...(seen === undefined ? {} : { alias: seen }), value: value ?? values.get(name)?.value ?? null })
  }
  return [...values.values()]
}

/** What a reference in a value of this service means. */
export function scopeOf(deployment: Deployment, cluster: string, service: DeploymentService, facts: EnvironmentFacts): Scope {
  const clusterOf = (alias: string) => Object.hasOwn(service.dependencies, alias) ? service.dependencies[alias] ?? alias : alias
  const locals = new Map<string, string>([...service.breed.constants, ...effectiveVariables(deployment, cluster, service)].flatMap(({ name, value }) => value === null ? [] : [[name, value]]))
  const { service: address } = facts
  return {
    local: name => locals.get(name),
    trait: (cluster, group, name) => traitOf(deployment, clusterOf(cluster), group, name, facts),
    host: cluster => facts.host?.(clusterOf(cluster)) ?? ownValue(deployment.hosts, clusterOf(cluster)),
    global: facts.global ?? (() => undefined),
    ...(address ? { service: (cluster: string, port: string) => address(clusterOf(cluster), port) } : {}),
  }
}

/** Of a cluster: what the deployment says, else what its first service with such a trait says. */
function traitOf(deployment: Deployment, cluster: string, group: string, name: string, facts: EnvironmentFacts): string | undefined {
  const services = deployment.clusters.find(each => each.name === cluster)?.services ?? []
  const first = (values: (service: DeploymentService) => readonly { readonly name: string; readonly value: string | null }[]) =>
    services.flatMap(values).find(each => each.name === name && each.value !== null)?.value ?? undefined
  switch (group) {
    case 'ports': return facts.port(cluster, name) ?? ownValue(deployment.ports, `${cluster}.${name}`)
    case 'environment_variables': return first(service => effectiveVariables(deployment, cluster, service))
    case 'constants': return first(service => service.breed.constants)
    default: return undefined
  }
}

function ownValue(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
