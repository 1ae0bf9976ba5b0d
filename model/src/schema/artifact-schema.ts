/**
 * What each kind may look like, for editors and for other programs. The reader knows more (names that must exist, weights
 * that must fit); whatever it accepts, the schema accepts.
 */
import { KINDS, type Kind, singular } from '../kind.ts'
import { anyOf, count, described, fields, flag, integer, type JsonSchema, map, number, oneOf, open, percentage, shared, some, text, time, verbatim } from './json-schema.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

const variables = map(open(text))
const args = anyOf({ type: 'array', items: map(text) }, map(text))
const drivers = { dialects: verbatim, dialect: verbatim, docker: verbatim, marathon: verbatim, kubernetes: verbatim, rancher: verbatim }
const environment = { environment_variables: variables, env: variables }
const reference = { reference: text, ref: text }
const exported = { status: {}, instances: {}, health: {}, dependencies: {} }
const weakHeader = { kind: text, metadata: verbatim, lookup_name: text }

/** A name, or the thing itself. */
function weak(name: string): JsonSchema {
  return anyOf(text, fields(reference), shared(name))
}

const scaleFields = { cpu: described(number, 'cores, such as 0.5 or 500m'), memory: described({ type: 'string' }, 'such as 64MB or 1Gi'), instances: count, warm: count }
const breedFields = {
  deployable: anyOf(text, fields({ type: text, definition: text }, ['definition'])),
  ports: map(text),
  ...environment,
  constants: map(text),
  arguments: args,
  dependencies: map(anyOf(text, fields(reference), fields({ breed: shared('breed_reference') }, ['breed']), shared('breed'))),
  health_checks: some(shared('health_check')),
}
const serviceFields = { breed: shared('breed_reference'), ...environment, scale: weak('scale'), arguments: args, health_checks: some(shared('health_check')), network: text, ...drivers, ...exported, ...reference }
const gatewayFields = {
  metadata: verbatim, sticky: { type: 'string', pattern: '^[nN][oO][nN][eE]|[rR][oO][uU][tT][eE]|[iI][nN][sS][tT][aA][nN][cC][eE]$' }, split: shared('split'), smooth: flag, virtual_hosts: some(text), selector: text, policy: weak('policy'),
  routes: anyOf(text, { type: 'array', items: anyOf(text, map(open(weak('route')))) }, map(open(weak('route')))), deployed: {}, internal: {}, proxy: {}, active: {}, lookup_name: {}, service: {},
}
const routeFields = {
  weight: percentage, condition: anyOf({ type: 'string' }, fields(reference), fields({ ...weakHeader, condition: text }, ['condition'])), condition_strength: percentage,
  rewrites: some(anyOf(text, fields(reference), fields({ ...weakHeader, path: text }, ['path']))), balance: text, selector: text, policy: weak('policy'), targets: {}, instances: {},
}
const policyFields = {
  timeouts: fields({ connect: time, request: time, idle: time, tunnel: time }),
  retries: fields({ attempts: count, on: some(text), methods: oneOf('idempotent', 'any') }, ['attempts']),
  circuit_breaker: fields({ consecutive_errors: count, eject: time, max_ejected: percentage }, ['consecutive_errors']),
  rate_limit: fields({ requests: count, per: time, by: oneOf('gateway', 'ip', 'header'), header: text }, ['requests']),
  connection_limit: fields({ maximum: count, queue: integer, queue_timeout: time }, ['maximum']),
  fault: fields({ delay: fields({ time, share: percentage }, ['time']), abort: fields({ status: integer, share: percentage }, ['status']) }),
  hold: fields({ time, maximum: integer }),
  slow_start: time,
  mirror: fields({ to: text, share: percentage, methods: oneOf('GET', 'any') }, ['to']),
  failover: some(text),
  headers: fields({ request: shared('header_changes'), response: shared('header_changes') }),
  redirect: fields({ to: text, status: integer, condition: text }, ['to']),
  tls: fields({ certificate: text, key: text, redirect_http: flag }, ['certificate']),
  maintenance: fields({ status: integer, body: text, retry_after: time }),
}
/** An unknown type keeps its own parameters. */
const slaFields = { type: 'object', properties: { type: text, escalations: open(some(shared('escalation_reference'))) }, required: ['type'] }
const clusterFields = { ...serviceFields, services: some(shared('service')), gateways: verbatim, sla: anyOf(text, fields(reference), slaFields), metadata: verbatim, name: text, deployable: {}, ports: {}, constants: {}, dependencies: {} }

/** Definitions that several kinds use. */
const DEFINITIONS: Readonly<Record<string, JsonSchema>> = {
  health_check: fields({ path: text, port: text, initial_delay: time, timeout: time, interval: time, failures: count, protocol: text }, ['port', 'initial_delay', 'timeout', 'interval', 'failures']),
  scale: fields({ ...weakHeader, ...scaleFields }, ['cpu', 'memory']),
  breed: fields({ name: text, ...weakHeader, ...breedFields }, ['name', 'deployable']),
  breed_reference: anyOf(text, fields(reference), shared('breed')),
  split: anyOf(fields({ by: oneOf('cookie', 'header'), name: text }, ['by', 'name']), fields({ cookie: text }, ['cookie']), fields({ header: text }, ['header'])),
  header_changes: fields({ set: map(text), add: map(text), remove: some(text) }),
  policy: fields({ ...weakHeader, ...policyFields }),
  route: fields({ ...weakHeader, ...routeFields }),
  escalation: { type: 'object', properties: { type: text }, anyOf: [{ required: ['type'] }, { required: ['to_all'] }, { required: ['to_one'] }] },
  escalation_reference: anyOf(text, fields(reference), shared('escalation')),
  gateway: fields({ ...gatewayFields, port: text }),
  service: anyOf(text, fields({ ...serviceFields, name: text, ...breedFields, kind: text, metadata: verbatim, lookup_name: text })),
  cluster: anyOf(text, { type: 'array', items: shared('service') }, fields({ ...clusterFields, ...breedFields, kind: text, lookup_name: text })),
}

const BODIES: { readonly [K in Kind]: { readonly properties: Readonly<Record<string, JsonSchema>>; readonly required?: readonly string[] } } = {
  breeds: { properties: breedFields, required: ['deployable'] },
  blueprints: { properties: { gateways: map(open(anyOf(text, shared('gateway')))), clusters: map(open(shared('cluster'))), ...environment, ...drivers }, required: ['clusters'] },
  deployments: { properties: { clusters: verbatim, ports: map(text), hosts: map(text), gateways: verbatim, ...environment, ...drivers } },
  gateways: { properties: { ...gatewayFields, port: text, service: fields({ host: text, port: text }, ['host', 'port']) } },
  workflows: {
    properties: {
      breed: shared('breed_reference'),
      schedule: anyOf({ const: 'daemon' }, fields({ time: anyOf(text, fields({ period: text, repeat: integer, start: text }, ['period'])), event: anyOf(text, { type: 'array', items: text }, fields({ tags: some(text) }, ['tags'])) })),
      status: oneOf('starting', 'running', 'stopping', 'suspended', 'suspending', 'restarting'),
      scale: weak('scale'), ...environment, arguments: args, network: text, health_checks: some(shared('health_check')), ...drivers, instances: {}, health: {},
      runner: oneOf('sandbox', 'node'), timeout: time, overlap: oneOf('queue', 'skip', 'allow'), retries: integer, hosts: some(text), since: {}, reason: {}, next: {}, dropped: {},
    },
    required: ['breed', 'schedule'],
  },
  conditions: { properties: { condition: text }, required: ['condition'] },
  rewrites: { properties: { path: text }, required: ['path'] },
  routes: { properties: routeFields },
  scales: { properties: scaleFields, required: ['cpu', 'memory'] },
  slas: { properties: slaFields.properties, required: ['type'] },
  escalations: { properties: { type: text }, required: ['type'] },
  templates: { properties: { definition: verbatim, def: verbatim } },
  releases: {
    properties: {
      deployment: text, cluster: text, to: some(text), from: text, scale: anyOf(weak('scale'), fields({ instances: count }, ['instances'])), audience: text,
      strategy: oneOf('canary', 'blue-green', 'rolling', 'shadow', 'experiment'), ramp: anyOf({ const: 'auto' }, { type: 'array', items: percentage, minItems: 1 }), hold: time,
      objectives: some(anyOf(text, fields({ metric: text, margin: percentage, within: time, goal: oneOf('not-worse', 'better') }, ['metric']))), confidence: percentage, exposure: fields({ bad_requests: count }, ['bad_requests']),
      gates: some(fields({ approve: text, webhook: text, window: text, release: text, before: percentage })), keep: time,
      train: some(text), in_flight: oneOf('wait', 'replace'), guard: percentage, visitors: fields({ rate: count, path: text }, ['rate']),
      clock: fields({ minimum: time, maximum: time, warm_up: time, load_check: time, hold_back: time }),
    },
    required: ['deployment', 'cluster', 'to'],
  },
  autoscalers: {
    properties: {
      deployment: text, cluster: text, service: text, minimum: count, maximum: count, slo: text, prediction: oneOf('off', 'shadow', 'auto'), priority: integer, mode: oneOf('act', 'shadow'),
      signals: some(fields({ metric: text, target: number, steps: { type: 'array', items: fields({ above: number, below: number, change: integer }, ['change']) } }, ['metric'])),
      behaviour: shared('behaviour'), behavior: shared('behaviour'),
      schedules: some(fields({ cron: text, timezone: text, minimum: count, maximum: count, duration: time }, ['cron', 'duration'])),
    },
    required: ['deployment', 'cluster', 'maximum'],
  },
  policies: { properties: policyFields },
}

const BEHAVIOUR = fields({ up: fields({ panic_window: time, max_step: integer }), down: fields({ stabilisation: time, stabilization: time, cooldown: time }) })

/** Kinds whose unknown types bring parameters of their own. */
const EXTENSIBLE: ReadonlySet<Kind> = new Set(['slas', 'escalations'])

/** The schema of a document of this kind, complete in itself. */
export function artifactSchema(kind: Kind): JsonSchema {
  return { $schema: DIALECT, title: singular(kind), ...bodyOf(kind, ['name']), $defs: { ...DEFINITIONS, behaviour: BEHAVIOUR } }
}

/** The schema of a file whose documents are told apart by `kind`; editors read every document of the file with it. */
export function documentSchema(): JsonSchema {
  const kinds = KINDS.map(kind => ({ if: { properties: { kind: kindSchema(kind) }, required: ['kind'] }, then: bodyOf(kind, ['kind', 'name']) }))
  return { $schema: DIALECT, title: 'Vamp', type: 'object', properties: { kind: { enum: KINDS.flatMap(kind => [singular(kind), kind]) } }, required: ['kind'], allOf: kinds, $defs: { ...DEFINITIONS, behaviour: BEHAVIOUR } }
}

function kindSchema(kind: Kind): JsonSchema {
  return { enum: [singular(kind), kind] }
}

function bodyOf(kind: Kind, required: readonly string[]): JsonSchema {
  const { properties, required: own = [] } = BODIES[kind]
  const whole = fields({ kind: kindSchema(kind), name: text, metadata: verbatim, import: some(text), lookup_name: {}, ...properties }, [...required, ...own])
  const { required: _, ...imported } = whole
  // What is imported may bring any required field but the name.
  const either = { ...imported, anyOf: [{ required: whole['required'] }, { required: ['name', 'import'] }] }
  return EXTENSIBLE.has(kind) ? { ...either, additionalProperties: true } : either
}
