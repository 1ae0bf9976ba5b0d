/**
 * Artifacts in the shape in which the corpus states facts: `$type` names the original's class, an absent value is `null`.
 * What the original kept as text and the language keeps as numbers (ports) is compared by meaning.
 */
import type { Artifact } from '@vamp/model/artifact'
import type { Cluster, Service } from '@vamp/model/blueprint'
import type { Breed, Constant, EnvironmentVariable } from '@vamp/model/breed'
import type { Escalation } from '@vamp/model/escalation'
import type { Gateway, Route } from '@vamp/model/gateway'
import type { HealthCheck } from '@vamp/model/health-check'
import { parsePortNumber } from '@vamp/model/parse/port'
import type { Port } from '@vamp/model/port'
import type { Reference } from '@vamp/model/reference'
import type { Scale } from '@vamp/model/scale'
import type { Sla } from '@vamp/model/sla'
import type { Schedule } from '@vamp/model/workflow'

type Facts = Readonly<Record<string, unknown>>

export function factsOf(artifact: Artifact): Facts {
  switch (artifact.kind) {
    case 'breeds': return breedFacts(artifact)
    case 'blueprints': return {
      name: artifact.name,
      metadata: artifact.metadata,
      clusters: artifact.clusters.map(clusterFacts),
      gateways: artifact.gateways.map(gatewayFacts),
      environment_variables: artifact.environment_variables.map(variableFacts),
    }
    case 'gateways': return { ...gatewayFacts(artifact), name: artifact.name }
    case 'workflows': return {
      name: artifact.name,
      breed: artifact.breed.is === 'reference' ? { $type: 'BreedReference', name: artifact.breed.reference } : breedFacts(artifact.breed.value),
      status: artifact.status,
      schedule: scheduleFacts(artifact.schedule),
      scale: artifact.scale ? scaleFacts(artifact.scale) : null,
      environment_variables: artifact.environment_variables.map(variableFacts),
      arguments: artifact.arguments.map(argument => ({ $type: 'Argument', ...argument })),
      network: artifact.network ?? null,
    }
    case 'slas': return slaFacts(artifact)
    case 'escalations': return escalationFacts({ is: 'inline', value: artifact })
    case 'scales': return scaleFacts({ is: 'inline', value: artifact })
    default: return { name: artifact.name, metadata: artifact.metadata }
  }
}

function breedFacts(breed: Breed): Facts {
  return {
    $type: 'DefaultBreed',
    name: breed.name,
    metadata: breed.metadata,
    deployable: { $type: 'Deployable', type: breed.deployable.type ?? null, definition: breed.deployable.definition },
    ports: breed.ports.map(port => ({ ...portFacts(port), name: port.name })),
    environment_variables: breed.environment_variables.map(variableFacts),
    constants: breed.constants.map(constant => ({ ...variableFacts(constant), $type: 'Constant' })),
    arguments: breed.arguments.map(argument => ({ $type: 'Argument', ...argument })),
    dependencies: Object.fromEntries(Object.entries(breed.dependencies).map(([alias, dependency]) => [alias, referenceFacts(dependency, 'BreedReference', breedFacts)])),
    health_checks: breed.health_checks?.map(checkFacts) ?? null,
  }
}

function referenceFacts<T>(reference: Reference<T>, type: string, facts: (value: T) => Facts): Facts {
  return reference.is === 'reference' ? { $type: type, name: reference.reference } : facts(reference.value)
}

function portFacts({ number, type, expression }: Port): Facts {
  return { $type: 'Port', number, type, ...(expression === undefined ? {} : { expression }) }
}

function variableFacts({ name, alias, value }: EnvironmentVariable | Constant): Facts {
  return { $type: 'EnvironmentVariable', name, alias: alias ?? null, value }
}

function checkFacts({ initial_delay, timeout, interval, ...check }: HealthCheck): Facts {
  const time = (value: number) => ({ $type: 'Time', value })
  return { $type: 'HealthCheck', ...check, initial_delay: time(initial_delay), timeout: time(timeout), interval: time(interval) }
}

function clusterFacts(cluster: Cluster): Facts {
  return {
    $type: 'Cluster',
    name: cluster.name,
    metadata: cluster.metadata,
    services: cluster.services.map(serviceFacts),
    gateways: cluster.gateways.map(gateway => ({ ...gatewayFacts(gateway), port: { $type: 'Port', name: gateway.name, number: 0, type: 'http' } })),
    health_checks: cluster.health_checks?.map(checkFacts) ?? null,
    network: cluster.network ?? null,
    sla: cluster.sla ? referenceFacts(cluster.sla, 'SlaReference', slaFacts) : null,
    dialects: cluster.dialects,
  }
}

function serviceFacts(service: Service): Facts {
  return {
    $type: 'Service',
    breed: referenceFacts(service.breed, 'BreedReference', breedFacts),
    environment_variables: service.environment_variables.map(variableFacts),
    scale: service.scale ? scaleFacts(service.scale) : null,
    arguments: service.arguments.map(argument => ({ $type: 'Argument', ...argument })),
    health_checks: service.health_checks?.map(checkFacts) ?? null,
    network: service.network ?? null,
    dialects: service.dialects,
    health: null,
  }
}

function scaleFacts(scale: Reference<Scale>): Facts {
  return referenceFacts(scale, 'ScaleReference', ({ name, metadata, cpu, memory, instances }) => ({
    $type: 'DefaultScale', name, metadata, cpu: { $type: 'Quantity', value: cpu }, memory: { $type: 'MegaByte', value: memory }, instances,
  }))
}

function gatewayFacts(gateway: Gateway): Facts {
  return {
    $type: 'Gateway',
    name: '',
    metadata: gateway.metadata,
    port: portFacts(gateway.port),
    service: gateway.service ? { $type: 'GatewayService', host: gateway.service.host, port: portFacts(gateway.service.port) } : null,
    sticky: gateway.sticky === 'none' ? null : gateway.sticky,
    virtual_hosts: gateway.virtual_hosts,
    selector: gateway.selector === undefined ? null : { $type: 'RouteSelector', definition: gateway.selector },
    routes: gateway.routes.map(routeFacts),
  }
}

function routeFacts({ path, settings }: Route): Facts {
  const place = { path: { $type: 'GatewayPath', segments: /^\[.*\]$/.test(path) ? [path] : path.split('/') } }
  if (settings.is === 'reference') return { $type: 'RouteReference', name: settings.reference, ...place }
  const { value } = settings
  const percentage = (share: number | undefined) => share === undefined ? null : { $type: 'Percentage', value: share }
  return {
    $type: 'DefaultRoute',
    name: '',
    metadata: value.metadata,
    ...place,
    selector: value.selector === undefined ? null : { $type: 'RouteSelector', definition: value.selector },
    weight: percentage(value.weight),
    condition: value.condition ? referenceFacts(value.condition, 'ConditionReference', ({ name, metadata, condition }) => ({ $type: 'DefaultCondition', name, metadata, definition: condition })) : null,
    condition_strength: percentage(value.condition_strength),
    rewrites: value.rewrites.map(rewrite => referenceFacts(rewrite, 'RewriteReference', ({ name, metadata, path: rewritten }) => ({ $type: 'PathRewrite', name, metadata, path: rewritten }))),
    balance: value.balance ?? null,
  }
}

function scheduleFacts(schedule: Schedule): Facts {
  switch (schedule.is) {
    case 'daemon': return { $type: 'DaemonSchedule' }
    case 'event': return { $type: 'EventSchedule', tags: schedule.tags }
    case 'time': return {
      $type: 'TimeSchedule',
      period: schedule.period,
      repeat: schedule.repeat === undefined ? { $type: 'RepeatForever' } : { $type: 'RepeatCount', count: schedule.repeat },
      start: schedule.start === undefined ? null : { $type: 'OffsetDateTime', value: schedule.start },
    }
  }
}

function slaFacts(sla: Sla): Facts {
  const seconds = (value: number) => ({ $type: 'Duration', value, unit: 'seconds' })
  const base = { name: sla.name, metadata: sla.metadata, escalations: sla.escalations.map(escalationFacts) }
  switch (sla.type) {
    case 'escalation_only': return { ...base, type: sla.type }
    case 'generic': return { ...base, type: sla.type_name, parameters: sla.parameters }
    case 'response_time_sliding_window': return {
      ...base,
      type: sla.type,
      upper: { $type: 'Duration', value: sla.threshold.upper, unit: 'milliseconds' },
      lower: { $type: 'Duration', value: sla.threshold.lower, unit: 'milliseconds' },
      interval: seconds(sla.window.interval),
      cooldown: seconds(sla.window.cooldown),
    }
  }
}

const ESCALATIONS = {
  to_all: 'ToAllEscalation', to_one: 'ToOneEscalation',
  scale_instances: 'ScaleInstancesEscalation', scale_cpu: 'ScaleCpuEscalation', scale_memory: 'ScaleMemoryEscalation', generic: 'GenericEscalation',
} as const

function escalationFacts(reference: Reference<Escalation>): Facts {
  return referenceFacts(reference, 'EscalationReference', escalation => {
    const base = { $type: ESCALATIONS[escalation.type], name: escalation.name, metadata: escalation.metadata }
    if ('escalations' in escalation) return { ...base, escalations: escalation.escalations.map(escalationFacts) }
    if ('parameters' in escalation) return { ...base, type: escalation.type_name, parameters: escalation.parameters }
    return { ...base, minimum: escalation.minimum, maximum: escalation.maximum, scale_by: escalation.scale_by, target_cluster: escalation.target ?? null }
  })
}

/** Where `actual` is not what the corpus states: every listed property equal, lists ordered, maps not. */
export function differenceOf(expected: unknown, actual: unknown, path = ''): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
    return first(expected.map((item, index) => differenceOf(item, actual[index], `${path}[${index}]`)))
  }
  if (typeof expected !== 'object' || expected === null) {
    return Object.is(expected, actual ?? null) ? undefined : `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
  }
  if (typeof actual !== 'object' || actual === null) return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
  const [wanted, got] = [comparable(expected as Facts), comparable(actual as Facts)]
  return first(Object.keys(wanted).map(key => differenceOf(wanted[key], got[key], `${path}/${key}`)))
}

/** Without what the original kept beside the meaning. */
function comparable(facts: Facts): Facts {
  switch (facts['$type']) {
    case 'Port': {
      const { number, type, expression } = facts
      const value = String(facts['value'] ?? expression ?? '')
      const named = parsePortNumber(String(facts['name'] ?? '')) ? {} : { name: facts['name'] ?? '' }
      return { ...named, number, type, ...(value.startsWith('$') ? { value } : {}) }
    }
    case 'GatewayPath': return { segments: facts['segments'] }
    case 'OffsetDateTime': return { value: Date.parse(String(facts['value'])) }
    case 'SlaReference': return { $type: facts['$type'], name: facts['name'] }
    default: {
      const { interpolated: _, targets: __, deployed: ___, ...rest } = facts
      return rest
    }
  }
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find(difference => difference !== undefined)
}
