/** References become values. What cannot be resolved is empty, as in the original: validation is another matter. */
import type { ValueNode, VariableReference } from './parse.ts'

/** What references may mean, as data and functions given by whoever knows. Nothing found = `undefined`. */
export interface Scope {
  readonly local: (name: string) => string | undefined
  /** `group` is `ports`, `environment_variables`, `constants` or `hosts`. Raw texts: references in them stay as they are. */
  readonly trait: (cluster: string, group: string, name: string) => string | undefined
  readonly host: (cluster: string) => string | undefined
  readonly global: (schema: GlobalSchema, path: string) => string | undefined
  /** Where the gateway of a cluster's port is reached from within, if that is not host and port: for `$c.host:$c.ports.p`. */
  readonly service?: (cluster: string, port: string) => string | undefined
}

export type GlobalSchema = 'configuration' | 'environment' | 'elasticsearch' | 'vamp'

const SCHEMAS: ReadonlyMap<string, GlobalSchema> = new Map([
  ['conf', 'configuration'], ['config', 'configuration'], ['configuration', 'configuration'],
  ['env', 'environment'], ['environment', 'environment'], ['env_var', 'environment'], ['environment_variable', 'environment'],
  ['es', 'elasticsearch'], ['elasticsearch', 'elasticsearch'], ['vamp', 'vamp'],
])

export function resolveValue(nodes: readonly ValueNode[], scope: Scope): string {
  let text = ''
  for (let at = 0; at < nodes.length; at++) {
    const address = serviceAddress(nodes.slice(at, at + 3), scope)
    if (address !== undefined) at += 2
    const node = nodes[at]
    if (node) text += address ?? (node.is === 'text' ? node.text : resolveReference(node.reference, scope) ?? '')
  }
  return text
}

export function resolveReference(reference: VariableReference, scope: Scope): string | undefined {
  switch (reference.is) {
    case 'global': {
      const schema = SCHEMAS.get(reference.schema)
      return schema && scope.global(schema, reference.path)
    }
    case 'trait': return reference.group === 'hosts' && reference.name === 'host'
      ? scope.trait(reference.cluster, 'hosts', 'host') ?? scope.host(reference.cluster)
      : scope.trait(reference.cluster, reference.group, reference.name)
    case 'host': return scope.host(reference.cluster)
    case 'local': return scope.local(reference.name)
    default: return reference satisfies never
  }
}

/** `$c.host:$c.ports.p` of one cluster means the address where the gateway's service is reached. */
function serviceAddress([host, colon, port]: readonly ValueNode[], scope: Scope): string | undefined {
  if (host?.is !== 'variable' || host.reference.is !== 'host' || colon?.is !== 'text' || colon.text !== ':') return undefined
  if (port?.is !== 'variable' || port.reference.is !== 'trait' || port.reference.group !== 'ports' || port.reference.cluster !== host.reference.cluster) return undefined
  return scope.service?.(host.reference.cluster, port.reference.name)
}
