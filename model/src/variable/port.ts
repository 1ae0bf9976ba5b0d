/** The ports that the instances of a service listen on, when all that they refer to is known. */
import type { Deployment, DeploymentService } from '../deployment.ts'
import { parsePortNumber, PORT_MAX } from '../parse/port.ts'
import type { Port } from '../port.ts'
import type { Problem } from '../problem.ts'
import { type EnvironmentFacts, scopeOf } from './environment.ts'
import { parseValue } from './parse.ts'
import { resolveValue, type Scope } from './resolve.ts'

export interface ResolvedPorts {
  readonly ports: readonly Omit<Port, 'expression'>[]
  /** References that come to no port number. */
  readonly problems: readonly Problem[]
}

/** `web: $backend.ports.api` listens where the gateway of `api` does; `$PORT` is a constant or variable of the service. */
export function resolvePorts(deployment: Deployment, cluster: string, service: DeploymentService, facts: EnvironmentFacts): ResolvedPorts {
  const problems: Problem[] = []
  const scope = scopeOf(deployment, cluster, service, facts)
  const ports = service.breed.ports.map(({ name, number, type, expression }) => {
    if (expression === undefined) return { name, number, type }
    const found = numberOf(expression, scope)
    if (found === undefined) problems.push({
      code: 'UnresolvedPortReferenceError', path: `clusters/${cluster}/services/${service.breed.name}/ports/${name}`,
      message: `Port '${name}' of breed '${service.breed.name}' is '${expression}', which stands for no port number.`,
      hint: 'what it refers to must be a port of another cluster, or a constant or variable with a number',
    })
    return { name, number: found ?? 0, type }
  })
  return { ports, problems }
}

function numberOf(expression: string, scope: Scope): number | undefined {
  const parsed = parseValue(expression)
  const port = parsed.is === 'ok' ? parsePortNumber(resolveValue(parsed.value, scope)) : undefined
  return port && port.number > 0 && port.number <= PORT_MAX ? port.number : undefined
}
