/** Artifacts as the reader would give them, for property tests: every kind, every field, names and texts of all sorts. */
import fc, { type Arbitrary } from 'fast-check'
import type { Artifact, ArtifactOf } from '../artifact.ts'
import type { Blueprint, Cluster, Service } from '../blueprint.ts'
import type { Breed } from '../breed.ts'
import type { DeploymentCluster, DeploymentService } from '../deployment.ts'
import type { Escalation } from '../escalation.ts'
import type { Gateway, RouteSettings } from '../gateway.ts'
import type { Kind } from '../kind.ts'
import { isName } from '../name.ts'
import type { PolicySettings } from '../policy.ts'
import { inline, type Reference, reference } from '../reference.ts'
import type { Scale } from '../scale.ts'
import type { Sla } from '../sla.ts'

/** Only the given fields: what is absent is not there. */
function record<T extends object>(required: { [K in keyof T]?: Arbitrary<T[K]> }, optional: { [K in keyof T]?: Arbitrary<T[K]> } = {}): Arbitrary<T> {
  const all = { ...required, ...optional } as { [K in keyof T]: Arbitrary<T[K]> }
  return fc.record(all, { requiredKeys: Object.keys(required) as (keyof T)[] }) as Arbitrary<T>
}

const AWKWARD = ['a', 'web', 'yes', 'null', 'NO', '~', '1.10', '0x1f', '1e3', '-', '__proto__', 'constructor', 'a:b', 'a#b', '#', '*x', '&x', '!t', '@', '`', '%', '"', "'", '{', '}', ',', 'é', '日本', '👍', 'frontEnd', 'a,b', '>', '|', '=', 'name', 'kind', 'import']
/** Not a whole number: those come first in JSON objects, whatever the document's order. */
const name: Arbitrary<string> = fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map(text => text.replace(/[\s/[\]\u0000-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/gu, '')).filter(text => isName(text) && !/^\d+$/.test(text)))
const strictName = name.map(text => text.replaceAll('.', '_'))
const text: Arbitrary<string> = fc.oneof(fc.constantFrom(...AWKWARD, '', ' ', '  a', 'a ', 'a\nb', 'a: b', '- a', '# a', '\t', 'line\n', '|', '---', '...'), fc.string({ unit: 'grapheme', maxLength: 12 })).map(value => value.replaceAll('$', '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff\u2028\u2029]/gu, ''))
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,7}$/)
const json: Arbitrary<Record<string, unknown>> = fc.dictionary(name, fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', ' ', ':', '1', 'é') }).map(noNegativeZero), { maxKeys: 3 }).map(entries => ({ ...entries }))
const metadata = fc.oneof(fc.constant({}), json)
const percent = fc.integer({ min: 0, max: 10_000 }).map(hundredths => hundredths / 100)
const seconds = fc.oneof(fc.nat({ max: 100_000 }), fc.nat({ max: 10_000 }).map(milliseconds => milliseconds / 1000))
const count = fc.nat({ max: 1000 })

function noNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function named<K extends Kind>(kind: K): { kind: Arbitrary<K>; name: Arbitrary<string>; metadata: Arbitrary<Record<string, unknown>> } {
  return { kind: fc.constant(kind), name, metadata }
}

function anonymous<K extends Kind>(kind: K): { kind: Arbitrary<K>; name: Arbitrary<string>; metadata: Arbitrary<Record<string, unknown>> } {
  return { kind: fc.constant(kind), name: fc.constant(''), metadata }
}

function either<T>(value: Arbitrary<T>): Arbitrary<Reference<T>> {
  return fc.oneof(name.map(reference), value.map(inline))
}

const unique = <T>(item: Arbitrary<T>, key: (item: T) => string, maxLength = 3) => fc.uniqueArray(item, { selector: key, maxLength })

const port = fc.oneof(
  record<Breed['ports'][number]>({ name: strictName, number: fc.nat({ max: 65_535 }), type: fc.constantFrom('http', 'tcp') }),
  record<Breed['ports'][number]>({ name: strictName, number: fc.constant(0), type: fc.constantFrom('http', 'tcp'), expression: fc.constantFrom('$PORT', '$PORT_2') }),
)
const variable = record<Breed['environment_variables'][number]>({ name, value: fc.option(text) }, { alias: name })
const filled = record<Breed['environment_variables'][number]>({ name, value: text })
const constant = record<Breed['constants'][number]>({ name: strictName, value: text }, { alias: name })
const argument = record<Breed['arguments'][number]>({ key: name.filter(key => key !== 'privileged'), value: text })
const check = (ports: Arbitrary<string>) => record<NonNullable<Breed['health_checks']>[number]>({ path: text, port: ports, initial_delay: seconds, timeout: seconds, interval: seconds, failures: count, protocol: fc.constantFrom('HTTP', 'TCP') })
const deployable = record<Breed['deployable']>({ definition: text }, { type: text })
const aliased = ({ name: own, alias }: { readonly name: string; readonly alias?: string }) => `${own}[${alias ?? ''}]`

function breedWith(dependencies: Arbitrary<Breed['dependencies']>, names: Arbitrary<string> = name): Arbitrary<Breed> {
  return record<Breed>({
    ...named('breeds'), name: names, deployable, ports: unique(port, item => item.name), environment_variables: unique(variable, aliased),
    constants: unique(constant, aliased), arguments: fc.array(argument, { maxLength: 2 }), dependencies,
  }).chain(breed => fc.oneof(fc.constant(breed), fc.constant({ ...breed, health_checks: [] }), ...breed.ports.slice(0, 1).map(first =>
    fc.array(check(fc.constant(first.name)), { maxLength: 2 }).map(health_checks => ({ ...breed, health_checks })))))
}

/** Names of dependencies are told apart from the breed's own by how they begin. */
const dependencyName = name.map(own => `dependency-${own}`)
const plainBreed = breedWith(fc.dictionary(name, dependencyName.map(reference), { maxKeys: 2 }).map(entries => ({ ...entries })))
const breed = breedWith(fc.dictionary(name, fc.oneof(dependencyName.map(reference), breedWith(fc.constant({}), dependencyName).map(inline)), { maxKeys: 2 }).map(entries => ({ ...entries })))

const scaleFields = { cpu: fc.nat({ max: 64_000 }).map(thousandths => thousandths / 1000), memory: fc.nat({ max: 1_000_000 }).map(kilobytes => kilobytes / 1000), instances: count }
const scale = record<Scale>({ ...named('scales'), ...scaleFields }, { warm: count })
const inlineScale = record<Scale>({ ...anonymous('scales'), ...scaleFields }, { warm: count })
const parameters = fc.dictionary(word.map(own => `p-${own}`), fc.oneof(fc.integer(), text), { maxKeys: 2 }).map(entries => ({ ...entries }))

function escalationWith(header: ReturnType<typeof anonymous<'escalations'>>, depth: number): Arbitrary<Escalation> {
  const scaling = record<Escalation & { type: 'scale_cpu' }>({ ...header, type: fc.constantFrom('scale_cpu', 'scale_memory', 'scale_instances') as Arbitrary<never>, minimum: count, maximum: count, scale_by: count }, { target: fc.constant('c0') })
  const generic = record<Escalation & { type: 'generic' }>({ ...header, type: fc.constant('generic'), type_name: word.map(own => `notify-${own}`), parameters })
  if (depth === 0) return fc.oneof(scaling, generic)
  const children = fc.array(either(escalationWith(anonymous('escalations'), depth - 1)), { maxLength: 3 })
  return fc.oneof(scaling, generic, record<Escalation & { type: 'to_all' }>({ ...header, type: fc.constantFrom('to_all', 'to_one') as Arbitrary<never>, escalations: children }))
}

function slaWith(header: ReturnType<typeof anonymous<'slas'>>): Arbitrary<Sla> {
  const base = { ...header, escalations: fc.array(either(escalationWith(anonymous('escalations'), 1)), { maxLength: 1 }) }
  return fc.oneof(
    record<Sla & { type: 'escalation_only' }>({ ...base, type: fc.constant('escalation_only') }),
    record<Sla & { type: 'generic' }>({ ...base, type: fc.constant('generic'), type_name: word.map(own => `type-${own}`), parameters }),
    record<Sla & { type: 'response_time_sliding_window' }>({ ...base, type: fc.constant('response_time_sliding_window'), threshold: fc.record({ upper: count, lower: count }), window: fc.record({ interval: count, cooldown: count }) }),
  )
}

const expression = fc.constantFrom('user-agent is Firefox', 'has cookie beta', '< path_beg /x >', '(host = a or header "x-y" has \'1\') and not path begins "/admin"')
const rewriteText = fc.constantFrom('/new if path_beg /old', '%[path] if { hdr(x) y }')
const share = percent
const milliseconds = seconds
const changes = record<NonNullable<NonNullable<PolicySettings['headers']>['request']>>({}, { set: fc.dictionary(word, text, { maxKeys: 2 }).map(entries => ({ ...entries })), add: fc.dictionary(word, text, { maxKeys: 2 }).map(entries => ({ ...entries })), remove: fc.array(word, { maxLength: 2 }) })
const status = fc.integer({ min: 100, max: 599 })
const policyFields: { [K in keyof PolicySettings]-?: Arbitrary<NonNullable<PolicySettings[K]>> } = {
  timeouts: record<NonNullable<PolicySettings['timeouts']>>({}, { connect: milliseconds, request: milliseconds, idle: milliseconds, tunnel: milliseconds }),
  retries: record<NonNullable<PolicySettings['retries']>>({ attempts: count, on: fc.uniqueArray(fc.constantFrom('connect', 'timeout', '5xx', '503'), { maxLength: 3 }), methods: fc.constantFrom('idempotent', 'any') }),
  circuit_breaker: record<NonNullable<PolicySettings['circuit_breaker']>>({ consecutive_errors: count, eject: seconds, max_ejected: percent }),
  rate_limit: fc.oneof(record<NonNullable<PolicySettings['rate_limit']>>({ requests: count, per: seconds, by: fc.constantFrom('gateway', 'ip') }), record<NonNullable<PolicySettings['rate_limit']>>({ requests: count, per: seconds, by: fc.constant('header'), header: word })),
  connection_limit: record<NonNullable<PolicySettings['connection_limit']>>({ maximum: count }, { queue: count, queue_timeout: seconds }),
  fault: record<NonNullable<PolicySettings['fault']>>({}, { delay: fc.record({ time: seconds, share }), abort: fc.record({ status, share }) }),
  hold: record<NonNullable<PolicySettings['hold']>>({ time: seconds, maximum: count }),
  slow_start: fc.integer({ min: 1, max: 3600 }),
  mirror: record<NonNullable<PolicySettings['mirror']>>({ to: text, share, methods: fc.constantFrom('GET', 'any') }),
  failover: fc.array(text, { maxLength: 2 }),
  headers: record<NonNullable<PolicySettings['headers']>>({}, { request: changes, response: changes }),
  redirect: record<NonNullable<PolicySettings['redirect']>>({ to: text, status }, { condition: expression }),
  tls: record<NonNullable<PolicySettings['tls']>>({ certificate: text }, { key: text, redirect_http: fc.boolean() }),
  maintenance: record<NonNullable<PolicySettings['maintenance']>>({ status, body: text }, { retry_after: seconds }),
}
const policy = record<PolicySettings>({}, policyFields)

const settingsFields = {
  condition: fc.oneof(name.map(reference), record<ArtifactOf['conditions']>({ ...anonymous('conditions'), condition: expression }).map(inline)),
  condition_strength: percent,
  balance: fc.constantFrom('roundrobin', 'leastconn', 'source'),
  policy: either(policy),
}
const rewrites = fc.array(either(record<ArtifactOf['rewrites']>({ ...anonymous('rewrites'), path: rewriteText })), { maxLength: 2 })
const httpSettings: Arbitrary<RouteSettings> = record<RouteSettings>({ metadata, rewrites }, settingsFields)
const tcpSettings: Arbitrary<RouteSettings> = record<RouteSettings>({ metadata, rewrites }, { balance: settingsFields.balance })

/** Weights are either all open or all given; what is given totals 100. */
function routes(paths: readonly string[], settings: Arbitrary<RouteSettings>): Arbitrary<Gateway['routes']> {
  return fc.tuple(fc.boolean(), fc.tuple(...paths.map(() => fc.oneof(settings.map(value => inline(value)), name.map(reference))))).map(([given, all]) =>
    all.map((route, index) => ({ path: paths[index] ?? '', settings: given && route.is === 'inline' ? inline({ ...route.value, weight: index === 0 ? 100 : 0 }) : route })))
    .map(made => made[0]?.settings.is === 'reference' ? made.map(route => route.settings.is === 'inline' ? { ...route, settings: inline(withoutWeight(route.settings.value)) } : route) : made)
}

function withoutWeight({ weight: _, ...settings }: RouteSettings): RouteSettings {
  return settings
}

const split = record<NonNullable<Gateway['split']>>({ by: fc.constantFrom('cookie', 'header'), name: word })

function gatewayWith(header: Pick<Gateway, 'name' | 'port'>, paths: readonly string[], tcp: boolean): Arbitrary<Gateway> {
  return record<Gateway>({
    kind: fc.constant('gateways'), name: fc.constant(header.name), port: fc.constant(header.port), metadata,
    sticky: tcp ? fc.constant('none') : fc.constantFrom('none', 'route', 'instance'), virtual_hosts: fc.array(word, { maxLength: 2 }),
    routes: routes(paths, tcp ? tcpSettings : httpSettings),
  }, { split, smooth: fc.constant(true as const), policy: either(policy) })
}

const portOf = (number: number, type: 'http' | 'tcp') => ({ name: number === 0 ? '' : String(number), number, type })
const gatewayPort = fc.tuple(fc.nat({ max: 65_535 }), fc.constantFrom('http' as const, 'tcp' as const))
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(segments => segments.join('/'))

const gateway = fc.tuple(fc.array(name, { minLength: 1, maxLength: 4 }), gatewayPort, fc.uniqueArray(path, { maxLength: 3 }), fc.option(gatewayPort)).chain(([segments, [number, type], paths, service]) =>
  gatewayWith({ name: segments.join('/'), port: portOf(number, type) }, paths, type === 'tcp').map(made => service ? { ...made, service: { host: 'h', port: portOf(...service) } } : made))

const common = { environment_variables: fc.uniqueArray(filled, { selector: item => item.name, maxLength: 2 }), arguments: fc.array(argument, { maxLength: 2 }), dialects: fc.oneof(fc.constant({}), json) }

function service(index: string, inlined: boolean): Arbitrary<Service> {
  const own = inlined ? breedWith(fc.constant({}), fc.constant(`breed-${index}`)) : fc.constant(undefined)
  return own.chain(value => record<Service>({
    breed: fc.constant(value ? inline(value) : reference(`breed-${index}`)), ...common, environment_variables: value ? fc.constant([]) : common.environment_variables,
  }, { scale: either(inlineScale), network: text, health_checks: value ? fc.constant([]) : fc.array(check(strictName), { maxLength: 2 }) }))
}

const nameOf = ({ breed: given }: Service) => given.is === 'inline' ? given.value.name : given.reference

function clusterGateways(services: readonly Service[]): Arbitrary<readonly Gateway[]> {
  const ports = services.flatMap(({ breed: given }) => given.is === 'inline' ? given.value.ports : [])
  const [first] = ports
  const paths = services.map(nameOf)
  if (services.every(({ breed: given }) => given.is === 'reference')) return fc.oneof(fc.constant([]), gatewayWith({ name: '', port: { name: '', number: 0, type: 'http' } }, paths, false).map(made => [made]))
  if (!first || services.length > 1) return fc.constant([])
  return fc.oneof(fc.constant([]), gatewayWith({ name: first.name, port: { name: first.name, number: 0, type: 'http' } }, paths, first.type === 'tcp').filter(made => !PORTS_MISTAKEN.has(made.name)).map(made => [made]))
}

/** A port of such a name is taken for a setting of the gateway. */
const PORTS_MISTAKEN: ReadonlySet<string> = new Set(['sticky', 'routes', 'split', 'smooth', 'virtual_hosts', 'policy'])

function cluster(index: number): Arbitrary<Cluster> {
  return fc.array(fc.boolean(), { minLength: 1, maxLength: 2 })
    .chain(inlined => fc.tuple(...inlined.map((value, order) => service(`${index}-${order}`, value))))
    .chain(services => record<Cluster>({ name: fc.constant(`c${index}`), metadata, services: fc.constant(services), gateways: clusterGateways(services), dialects: common.dialects },
      { network: text, sla: either(slaWith(anonymous('slas'))), health_checks: fc.constant([]) }))
}

const blueprint = fc.integer({ min: 1, max: 3 }).chain(size => fc.tuple(...Array.from({ length: size }, (_, index) => cluster(index)))).chain(clusters => {
  const open = clusters.filter(({ services }) => services.some(({ breed: given }) => given.is === 'reference')).map(({ name: own }) => own)
  const target = open[0]
  const external = (own: string, number: number, type: 'http' | 'tcp') => gatewayWith({ name: own, port: portOf(number, type) }, target ? [`${target}/web`] : [], type === 'tcp')
  return record<Blueprint>({
    ...named('blueprints'), clusters: fc.constant(clusters), dialects: common.dialects,
    gateways: fc.oneof(fc.constant([]), fc.tuple(external('9050', 9050, 'http'), external('8080/tcp', 8080, 'tcp'), external('front', 7070, 'tcp'), external('open', 0, 'http'))),
    environment_variables: target ? fc.uniqueArray(variable, { selector: aliased, maxLength: 2 }).map(all => all.map(item => ({ ...item, name: `${target}.environment_variables.${item.name}` }))) : fc.constant([]),
  })
})

const deploymentService = fc.integer({ min: 0, max: 999 }).chain(index => record<DeploymentService>({
  intention: fc.constantFrom('Deployment', 'Undeployment'), breed: breedWith(fc.constant({}), fc.constant(`breed-${index}`)), environment_variables: fc.uniqueArray(variable, { selector: aliased, maxLength: 2 }),
  scale: inlineScale, arguments: common.arguments, dialects: common.dialects, dependencies: fc.dictionary(name, name, { maxKeys: 2 }).map(entries => ({ ...entries })),
}, { network: text, health_checks: fc.array(check(strictName), { maxLength: 2 }) }))
const deploymentCluster = record<DeploymentCluster>({ name, metadata, services: fc.array(deploymentService, { maxLength: 2 }), gateways: fc.oneof(fc.constant([]), gatewayWith({ name: 'web', port: { name: 'web', number: 0, type: 'http' } }, ['a', 'b'], false).map(made => [made])), dialects: common.dialects },
  { network: text, sla: either(slaWith(anonymous('slas'))), health_checks: fc.array(check(strictName), { maxLength: 2 }) })
const texts = fc.dictionary(name, text, { maxKeys: 2 }).map(entries => ({ ...entries }))

const schedule: Arbitrary<ArtifactOf['workflows']['schedule']> = fc.oneof(
  fc.constant({ is: 'daemon' } as const),
  fc.array(text, { minLength: 1, maxLength: 2 }).map(tags => ({ is: 'event', tags }) as const),
  record<ArtifactOf['workflows']['schedule'] & { is: 'time' }>({ is: fc.constant('time'), period: fc.constantFrom('PT1S', 'P1DT2H', '*/5 * * * *') }, { repeat: count, start: fc.constantFrom('now', '2030-01-01T08:00:00Z') }),
)
const steps = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 4 }).map(all => all.toSorted((a, b) => a - b).map(hundredths => hundredths / 100))
const gate: Arbitrary<ArtifactOf['releases']['gates'][number]> = fc.oneof(
  record<{ is: 'approve'; who: string; before: number }>({ is: fc.constant('approve'), who: text, before: percent }), record<{ is: 'webhook'; url: string; before: number }>({ is: fc.constant('webhook'), url: fc.constantFrom('https://qa.example.org/ok', 'http://10.0.0.1:80/?a=b'), before: percent }),
  record<{ is: 'window'; window: string; before: number }>({ is: fc.constant('window'), window: fc.constantFrom('Mon-Thu 09:00-16:00 Europe/Amsterdam', '22:00-02:00'), before: percent }), record<{ is: 'release'; release: string; before: number }>({ is: fc.constant('release'), release: text, before: percent }),
)
const objective = record<ArtifactOf['releases']['objectives'][number]>({ metric: fc.constantFrom('error_rate', 'latency_p99', 'latency_p999', 'event:purchase'), goal: fc.constantFrom('not-worse', 'better') }, { margin: fc.nat({ max: 10_000 }).map(hundredths => Number((hundredths / 10_000).toFixed(6))) })
const clock = fc.tuple(seconds, seconds).chain(([one, other]) => record<ArtifactOf['releases']['clock']>({ minimum: fc.constant(Math.min(one, other)), maximum: fc.constant(Math.max(one, other)), warm_up: seconds, load_check: seconds, hold_back: seconds }))
const release = fc.constantFrom('canary' as const, 'experiment' as const).chain(strategy => record<ArtifactOf['releases']>({
  ...named('releases'), deployment: name, cluster: name, to: fc.uniqueArray(name, { minLength: 1, maxLength: strategy === 'experiment' ? 3 : 1 }), strategy: fc.constant(strategy),
  ramp: fc.oneof(fc.constant({ is: 'auto' } as const), fc.tuple(steps, seconds).map(([all, hold]) => ({ is: 'ladder', steps: all, hold }) as const)),
  objectives: fc.array(objective, { maxLength: 3 }), confidence: fc.integer({ min: 5000, max: 9999 }).map(hundredths => hundredths / 100), exposure: fc.record({ bad_requests: count }), gates: fc.array(gate, { maxLength: 3 }), keep: seconds, clock,
  train: fc.uniqueArray(name, { maxLength: 2 }), in_flight: fc.constantFrom('wait', 'replace'),
}, { guard: fc.nat({ max: 10_000 }).map(hundredths => Number((hundredths / 10_000).toFixed(6))), visitors: fc.record({ rate: fc.integer({ min: 1, max: 1000 }), path: fc.constantFrom('/', '/health?x=1') }), from: name, scale: either(inlineScale), audience: expression }))

const signal: Arbitrary<ArtifactOf['autoscalers']['signals'][number]> = record<ArtifactOf['autoscalers']['signals'][number]>({ metric: fc.constantFrom('requests', 'latency_p99', 'event:jobs + 2 * requests', 'max(cpu, memory)'), target: fc.integer({ min: 1, max: 1000 }) }, { steps: fc.array(record<{ above?: number; below?: number; change: number }>({ above: count, change: fc.integer({ min: -5, max: 5 }) }, { below: count }), { maxLength: 2 }) })
const autoscaler = fc.tuple(count, count).chain(([one, other]) => record<ArtifactOf['autoscalers']>({
  ...named('autoscalers'), deployment: name, cluster: name, minimum: fc.constant(Math.min(one, other)), maximum: fc.constant(Math.max(one, other)), signals: fc.array(signal, { minLength: 1, maxLength: 2 }),
  behaviour: fc.record({ up: record<{ panic_window: number; max_step?: number }>({ panic_window: seconds }, { max_step: count }), down: record<{ stabilisation?: number; cooldown: number }>({ cooldown: seconds }, { stabilisation: seconds }) }),
  schedules: fc.array(record<ArtifactOf['autoscalers']['schedules'][number]>({ cron: fc.constant('0 8 * * 1-5'), timezone: fc.constantFrom('UTC', 'Europe/Amsterdam'), minimum: count, duration: seconds }, { maximum: count }), { maxLength: 2 }),
  prediction: fc.constantFrom('off', 'shadow', 'auto'), priority: fc.integer({ min: -10, max: 10 }), mode: fc.constantFrom('act', 'shadow'),
}, { service: name, slo: fc.constantFrom('p95 <= 200ms', 'error_rate < 0.5%') }))

/** One arbitrary for each kind of the language. */
export const ARBITRARIES: { readonly [K in Kind]: Arbitrary<ArtifactOf[K] & Artifact> } = {
  breeds: breed,
  blueprints: blueprint,
  deployments: record<ArtifactOf['deployments']>({ ...named('deployments'), clusters: fc.uniqueArray(deploymentCluster, { selector: item => item.name, maxLength: 2 }), ports: texts, hosts: texts, environment_variables: fc.uniqueArray(variable, { selector: aliased, maxLength: 2 }), dialects: common.dialects }),
  gateways: gateway,
  workflows: fc.oneof(fc.constant(undefined), plainBreed).chain(own => record<ArtifactOf['workflows']>({
    ...named('workflows'), breed: own ? fc.constant(inline(own)) : name.map(reference), schedule, status: fc.constantFrom('starting', 'running', 'stopping', 'suspended', 'suspending', 'restarting'), arguments: common.arguments, dialects: common.dialects,
    environment_variables: own ? fc.constant([]) : fc.uniqueArray(filled, { selector: item => item.name, maxLength: 2 }),
  }, {
    scale: either(inlineScale), network: text, health_checks: fc.array(check(strictName), { maxLength: 2 }),
    runner: fc.constantFrom('sandbox', 'node'), timeout: seconds, overlap: fc.constantFrom('queue', 'skip', 'allow'), retries: count, hosts: fc.array(fc.constantFrom('example.com', 'localhost:8080', '[::1]:80'), { maxLength: 2 }),
  })),
  conditions: record<ArtifactOf['conditions']>({ ...named('conditions'), condition: expression }),
  rewrites: record<ArtifactOf['rewrites']>({ ...named('rewrites'), path: rewriteText }),
  routes: record<ArtifactOf['routes']>({ ...named('routes'), rewrites }, { ...settingsFields, weight: percent }),
  scales: scale,
  slas: slaWith(named('slas')),
  escalations: escalationWith(named('escalations'), 2),
  templates: record<ArtifactOf['templates']>({ ...named('templates'), definition: json }),
  releases: release,
  autoscalers: autoscaler,
  policies: record<ArtifactOf['policies']>(named('policies'), policyFields),
}
