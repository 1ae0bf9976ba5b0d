/**
 * What a server can be told. One row per option: flag, environment variable, default, help text and
 * docs/configuration.md all come from here.
 */
import { isIP } from 'node:net'
import { storePlace } from '@vamp/agent/link/store/address'
import { nearest } from '@vamp/model/parse/near'
import type { Problem } from '@vamp/model/problem'

export interface PortRange { readonly from: number; readonly to: number }

export interface Config {
  /** Of the API and the UI. */
  readonly bind: string
  /** 0 = any free one. */
  readonly port: number
  /** Where other servers on the same database reach this one; absent: `bind` and `port`. */
  readonly advertise?: string
  /** Where everything is kept; absent = in memory, gone at the end. */
  readonly data?: string
  /** `postgres://…`, with its password; absent = a file in the data directory. */
  readonly database?: string
  /** `none`: only agents elsewhere carry requests. */
  readonly gateway: 'auto' | 'haproxy' | 'embedded' | 'memory' | 'none'
  readonly gatewayAddress: string
  /** For gateways that name no port. */
  readonly gatewayPorts: PortRange
  /** `etcd://…`, `zookeeper://…`, `consul://…`: where tables are left for agents that read them there. */
  readonly gatewayStore?: string
  /** Of the shared listener for virtual hosts; absent = none. */
  readonly virtualHostsPort?: number
  readonly haproxy: string
  readonly countries?: string
  readonly containers: 'process' | 'docker' | 'swarm' | 'memory'
  /** Whether scales bind processes. */
  readonly processLimits: 'on' | 'off'
  /** `unix:///path` or `tcp://host:port`, or several with commas between */
  readonly docker: string
  /** A label of Docker engines. */
  readonly spreadBy?: string
  /** A directory with `ca.pem`, `cert.pem` and `key.pem`; with it TCP is TLS. */
  readonly dockerTls?: string
  /** Of instances whose artifacts name none. */
  readonly dockerNetwork: string
  /** As `docker login` writes it; absent = `.docker/config.json` of whoever runs the server. */
  readonly registryConfig?: string
  /** By which registries are known that send no header. */
  readonly imagePushSecret?: string
  /** What becomes of services and gateways when the server ends. */
  readonly onExit: 'keep' | 'stop'
  /** `auto`: needed unless the server binds to loopback only. */
  readonly auth: 'auto' | 'on' | 'off'
  readonly namespace: string
  /** Web origins beside the server's own whose pages may use the API. */
  readonly origins: readonly string[]
  /** Days; 0 = for ever. */
  readonly eventsKeep: number
  /** Where events are posted to, besides being kept. */
  readonly webhook?: string
  readonly webhookSecret?: string
  readonly elasticsearch?: string
  readonly elasticsearchIndex: string
  /** Value of the `Authorization` header. */
  readonly elasticsearchAuthorization?: string
  /** Seconds between two looks at the SLAs; 0 = they are not looked at. */
  readonly slaPeriod: number
  /** An OpenTelemetry collector. */
  readonly otlp?: string
  readonly otlpHeaders: Readonly<Record<string, string>>
  /** For scripts of the original. */
  readonly elasticsearchInterface: 'on' | 'off'
  /** Scripts of workflows may run in a whole Node.js, with the rights of this server's user. */
  readonly trustedScripts: 'on' | 'off'
  /** Instances of autoscaled services that there is room for; absent = no limit. */
  readonly slots?: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly logFormat: 'human' | 'json'
  readonly installation: string
}

/** What an option's text may be; `read` gives `undefined` where it cannot be understood. */
export interface Option<K extends keyof Config = keyof Config> {
  readonly key: K
  /** Without the dashes. */
  readonly flag: string
  readonly env: string
  /** As it is shown in help: `<port>`, `auto|haproxy|…`. */
  readonly value: string
  /** As text; absent = nothing is set. */
  readonly fallback?: string
  readonly help: string
  readonly read: (text: string) => Config[K] | undefined
  /** Never shown, neither in the log nor by the API. */
  readonly secret?: true
  /** May be changed while the server runs. */
  readonly dynamic?: true
  /** The option of the original that says the same, without `vamp.`. */
  readonly was?: string
}

/** Values as they are written, by flag. */
export type Texts = Readonly<Record<string, string>>

const option = <K extends keyof Config>(row: Omit<Option<K>, 'env'>): Option<K> => ({ ...row, env: `VAMP_${row.flag.toUpperCase().replaceAll('-', '_')}` })
const oneOf = <const T extends string>(...words: readonly T[]) => ({ value: words.join('|'), read: (text: string) => words.find(word => word === text) })
const number = (from: number, to: number) => (text: string) => /^\d+$/.test(text) && Number(text) >= from && Number(text) <= to ? Number(text) : undefined
const address = (text: string) => isIP(text) || text === 'localhost' ? text : undefined
const text = (given: string) => given === '' ? undefined : given
const matching = (pattern: RegExp) => (given: string) => pattern.test(given) ? given : undefined

/** Whoever shows the address must not show a password with it. */
function webAddress(given: string): string | undefined {
  const url = URL.parse(given)
  return url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? given : undefined
}

function headerList(given: string): Readonly<Record<string, string>> | undefined {
  const pairs = given.split(',').filter(Boolean).map(pair => /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(pair))
  return pairs.some(pair => pair === null) ? undefined : Object.fromEntries(pairs.map(pair => [pair?.[1]?.toLowerCase() ?? '', pair?.[2] ?? '']))
}

function portRange(given: string): PortRange | undefined {
  const [, from = '', to = ''] = /^(\d+)-(\d+)$/.exec(given) ?? []
  const range = { from: Number(from), to: Number(to) }
  return from !== '' && range.from >= 1 && range.from <= range.to && range.to <= 65_535 ? range : undefined
}

export const OPTIONS: readonly Option[] = [
  option({ key: 'bind', flag: 'bind', value: '<address>', fallback: '127.0.0.1', help: 'where the API and the UI listen; anything but loopback needs --auth on', read: address }),
  option({ key: 'port', flag: 'port', value: '<port>', fallback: '8080', help: 'port of the API and the UI; 0 takes any free one', read: number(0, 65_535) }),
  option({ key: 'advertise', flag: 'advertise', value: '<url>', help: 'where others reach this server: the other servers on the same PostgreSQL database, and workflows that run in containers; for the servers --bind and --port if not given, and the name of the host where --bind is every address', read: webAddress }),
  option({ key: 'data', flag: 'data', value: '<directory>', fallback: '.vamp', help: 'where everything is kept; "memory" keeps nothing', read: text }),
  option({ key: 'database', flag: 'database', value: '<postgres://…>', secret: true, help: 'a PostgreSQL database for everything that is stored; a file in the data directory without it', read: matching(/^postgres(ql)?:\/\/./) }),
  option({ key: 'gateway', flag: 'gateway', ...oneOf('auto', 'haproxy', 'embedded', 'memory', 'none'), fallback: 'auto', help: 'what routes the requests; auto takes HAProxy where it is installed and the embedded proxy elsewhere; none leaves it to agents on other machines' }),
  option({ key: 'gatewayAddress', flag: 'gateway-address', value: '<address>', fallback: '127.0.0.1', help: 'where gateways listen; 0.0.0.0 opens them to other machines', read: address }),
  option({ key: 'gatewayPorts', flag: 'gateway-ports', dynamic: true, was: 'operation.gateway.port-range', value: '<from>-<to>', fallback: '40000-45000', help: 'ports for gateways that name none', read: portRange }),
  option({ key: 'gatewayStore', flag: 'gateway-store', value: '<etcd://…, zookeeper://…, consul://…>', secret: true, help: 'a key-value store in which routing tables are left for agents that read them there, instead of from this server', read: given => storePlace(given) ? given : undefined }),
  option({ key: 'virtualHostsPort', flag: 'virtual-hosts-port', dynamic: true, value: '<port>', help: 'shared port of all gateways with virtual hosts', read: number(1, 65_535) }),
  option({ key: 'haproxy', flag: 'haproxy', value: '<program>', fallback: 'haproxy', help: 'the HAProxy program', read: text }),
  option({ key: 'countries', flag: 'countries', value: '<file or directory>', help: 'for conditions on the country: MaxMind\'s Country tables in CSV, or lines "network,country"; renewed when the file is', read: text }),
  option({ key: 'containers', flag: 'containers', ...oneOf('process', 'docker', 'swarm', 'memory'), fallback: 'process', help: 'what runs the services' }),
  option({ key: 'processLimits', flag: 'process-limits', ...oneOf('on', 'off'), fallback: 'off', help: 'whether the CPU and memory of a scale bind processes, by control groups of Linux; containers are always bound by theirs' }),
  option({ key: 'docker', flag: 'docker', value: '<unix:///…, tcp://…>', fallback: 'unix:///var/run/docker.sock', help: 'the Docker engine, several of them with commas between, or a manager of the Swarm', read: matching(/^(unix:\/\/\/[^,]+|tcp:\/\/[^/\s,]+:\d+)(,(unix:\/\/\/[^,]+|tcp:\/\/[^/\s,]+:\d+))*$/) }),
  option({ key: 'spreadBy', flag: 'spread-by', value: '<label>', help: 'a label of Docker engines whose values share the instances of a service evenly; without it they are packed', read: matching(/^[\w./-]+$/) }),
  option({ key: 'dockerTls', flag: 'docker-tls', value: '<directory>', help: 'with ca.pem, cert.pem and key.pem for an engine behind TLS', read: text }),
  option({ key: 'dockerNetwork', flag: 'docker-network', value: '<name>', fallback: 'bridge', help: 'network of the instances whose artifacts name none', read: text }),
  option({ key: 'registryConfig', flag: 'registry-config', value: '<file>', help: 'credentials for registries, as docker login writes them; ~/.docker/config.json if not given', read: text }),
  option({ key: 'imagePushSecret', flag: 'image-push-secret', value: '<text>', secret: true, help: 'with which a registry that sends no header may tell of images: POST /api/v1/image-pushes?secret=…; at least 16 characters', read: matching(/^[\w.~-]{16,}$/) }),
  option({ key: 'onExit', flag: 'on-exit', dynamic: true, ...oneOf('keep', 'stop'), fallback: 'keep', help: 'when the server ends: keep leaves services and gateways serving, for the next server to find; stop ends them' }),
  option({ key: 'auth', flag: 'auth', ...oneOf('auto', 'on', 'off'), fallback: 'auto', help: 'whether the API asks for a token; auto: unless it listens on loopback only' }),
  option({ key: 'namespace', flag: 'namespace', was: 'namespace', value: '<name>', fallback: 'default', help: 'name of this installation in paths', read: given => /^[\w-]{1,64}$/.test(given) ? given : undefined }),
  option({ key: 'origins', flag: 'origins', value: '<origin,…>', fallback: '', help: 'web origins beside the own one whose pages may use the API', read: given => given.split(',').map(origin => origin.trim()).filter(Boolean) }),
  option({ key: 'eventsKeep', flag: 'events-keep', dynamic: true, value: '<days>', fallback: '30', help: 'how long events are kept, those about what people did and about releases longer; 0 for ever', read: number(0, 36_500) }),
  option({ key: 'webhook', flag: 'webhook', dynamic: true, value: '<url>', help: 'where every event is posted to, at least once and in order', read: webAddress }),
  option({ key: 'webhookSecret', flag: 'webhook-secret', value: '<whsec_…>', secret: true, help: 'with which what is posted is signed, as in Standard Webhooks: whsec_ and at least 24 bytes in base64', read: matching(/^whsec_[A-Za-z0-9+/]{32,}=*$/) }),
  option({ key: 'elasticsearch', flag: 'elasticsearch', dynamic: true, was: 'pulse.elasticsearch.url', value: '<url>', help: 'Elasticsearch or OpenSearch, which gets every event as a document', read: webAddress }),
  option({ key: 'elasticsearchIndex', flag: 'elasticsearch-index', dynamic: true, was: 'pulse.elasticsearch.index.name', value: '<name>', fallback: 'vamp', help: 'how the names of its indices begin; the type and the day follow', read: matching(/^[a-z0-9][a-z0-9._-]{0,100}$/) }),
  option({ key: 'elasticsearchAuthorization', flag: 'elasticsearch-authorization', value: '<header>', secret: true, help: 'its Authorization header, such as "ApiKey …"', read: text }),
  option({ key: 'slaPeriod', flag: 'sla-period', was: 'operation.sla.period', value: '<seconds>', fallback: '5', help: 'how often SLAs are looked at; 0 switches them off', read: number(0, 86_400) }),
  option({ key: 'otlp', flag: 'otlp', value: '<url>', help: 'an OpenTelemetry collector (OTLP over HTTP, such as http://collector:4318), which gets metrics and traces of the server\'s own work', read: webAddress }),
  option({ key: 'otlpHeaders', flag: 'otlp-headers', value: '<name=value,…>', fallback: '', secret: true, help: 'headers for it, such as authorization=Bearer …', read: headerList }),
  option({ key: 'elasticsearchInterface', flag: 'elasticsearch-interface', ...oneOf('on', 'off'), fallback: 'off', help: 'whether this server answers the few searches that scripts for the original send to an Elasticsearch' }),
  option({ key: 'trustedScripts', flag: 'trusted-scripts', ...oneOf('on', 'off'), fallback: 'off', help: 'whether workflows may ask for “runner: node”: a whole Node.js with the rights of the server\'s user, instead of the sandbox' }),
  option({ key: 'slots', flag: 'slots', value: '<number>', help: 'room for so many instances of services with an autoscaler, the important ones first; without it each gets what it wants', read: number(1, 100_000) }),
  option({ key: 'logLevel', flag: 'log-level', dynamic: true, ...oneOf('debug', 'info', 'warn', 'error'), fallback: 'info', help: 'the least important lines that are logged' }),
  option({ key: 'logFormat', flag: 'log-format', ...oneOf('human', 'json'), fallback: 'human', help: 'how log lines are written' }),
  option({ key: 'installation', flag: 'name', value: '<name>', fallback: 'vamp', help: 'what this server calls itself', read: text }),
]

const DYNAMIC_FLAGS = OPTIONS.filter(({ dynamic }) => dynamic).map(({ flag }) => flag)

/** Where the value of each option comes from, by flag. */
export type Sources = Readonly<Record<string, 'flag' | 'environment' | 'default'>>

export type ReadConfig =
  | { readonly is: 'ok'; readonly config: Config; readonly sources: Sources }
  | { readonly is: 'refused'; readonly reasons: readonly string[] }

/** Flags win over the environment, the environment over defaults. Every mistake is told at once. */
export function readConfig(flags: Readonly<Record<string, string | undefined>> = {}, environment: Readonly<Record<string, string | undefined>> = process.env): ReadConfig {
  const reasons: string[] = []
  const values: Record<string, unknown> = {}
  const sources: Record<string, 'flag' | 'environment' | 'default'> = {}
  for (const row of OPTIONS) {
    const [given, source] = flags[row.flag] !== undefined ? [flags[row.flag], 'flag' as const]
      : environment[row.env] !== undefined ? [environment[row.env], 'environment' as const] : [row.fallback, 'default' as const]
    if (given === undefined) continue
    const value = row.read(given)
    if (value === undefined) reasons.push(`${source === 'environment' ? row.env : `--${row.flag}`}: ${notRead(row, given)}`)
    values[row.key] = value
    sources[row.flag] = source
  }
  if (values['data'] === 'memory') delete values['data']
  // Every row of `Option<K>` reads a `Config[K]`, and all keys without a fallback are optional.
  const config = values as unknown as Config
  if (reasons.length === 0) reasons.push(...contradictions(config))
  return reasons.length > 0 ? { is: 'refused', reasons } : { is: 'ok', config, sources }
}

function notRead({ secret, value }: Option, given: string): string {
  return `${secret ? 'what is given' : `'${given}'`} is not ${value.startsWith('<') ? `a ${value}` : `one of ${value}`}`
}

/** The options with the dynamic layer over them. What cannot be understood, or is said when the server starts, is told and left as it is. */
export function withDynamic(config: Config, texts: Texts): { readonly config: Config; readonly problems: readonly Problem[] } {
  const values: Record<string, unknown> = { ...config }
  const problems: Problem[] = []
  for (const [path, given] of Object.entries(texts)) {
    const row = OPTIONS.find(({ flag, was }) => flag === path || was === path)
    if (!row) {
      const near = nearest(path, DYNAMIC_FLAGS)
      problems.push({ code: 'UnexpectedElement', message: `There is no option '${path}'.`, path, hint: near ? `did you mean '${near}'?` : `what can be changed here is ${DYNAMIC_FLAGS.join(', ')}` })
    } else if (!row.dynamic) problems.push({ code: 'StaticOption', message: `'${row.flag}' is said when the server starts: with --${row.flag} or ${row.env}.`, path, hint: `what can be changed here is ${DYNAMIC_FLAGS.join(', ')}` })
    else {
      const value = row.read(given)
      if (value === undefined) problems.push({ code: 'InvalidOption', message: `${row.flag}: ${notRead(row, given)}`, path })
      else values[row.key] = value
    }
  }
  return { config: values as unknown as Config, problems }
}

/** Texts by flag, whichever name of the option was given. */
export function byFlag(texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [OPTIONS.find(({ was }) => was === path)?.flag ?? path, text]))
}

/** The same with every default, for tests and for whoever starts a server from a program. */
export function configOf(changes: Partial<Config> = {}): Config {
  const read = readConfig({}, {})
  if (read.is === 'refused') throw new Error(read.reasons.join('; '))
  return { ...read.config, ...changes }
}

export function isLoopback(bind: string): boolean {
  return bind === 'localhost' || bind === '::1' || bind.startsWith('127.')
}

export function needsToken({ auth, bind }: Pick<Config, 'auth' | 'bind'>): boolean {
  return auth === 'on' || (auth === 'auto' && !isLoopback(bind))
}

function contradictions({ auth, bind }: Config): string[] {
  if (isLoopback(bind) || auth === 'on') return []
  return [`--bind ${bind} lets other machines in: say --auth on as well, or bind to 127.0.0.1`]
}

/** docs/configuration.md. */
export function configurationPage(): string {
  const rows = OPTIONS.map(({ flag, env, value, fallback, help, dynamic }) => `| \`--${flag}\`${dynamic ? ' \\*' : ''} | \`${env}\` | ${value.replaceAll('|', ', ').replaceAll('<', '\\<')} | ${fallback === undefined || fallback === '' ? '' : `\`${fallback}\``} | ${help} |`)
  return `# Configuration of the server

What \`vamp up\` can be told, by flag or by environment variable; flags win. This page is made from the table of options in
\`server/src/config.ts\`, as is \`vamp up --help\`; \`GET /api/v1/config\` shows what is in force.

| flag | environment | value | if not given | |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Changed while the server runs

Options marked with * can also be changed at once and for good, over flags and environment, with \`vamp config set\` or
\`PUT /api/v1/config\` (role admin). What is put there replaces what was put before, as the original's dynamic configuration; an
empty body takes all of it away. Nothing restarts: ports are assigned from the new range, events go to the new receiver, the log
has the new level from then on. All servers on one database follow. \`GET /api/v1/config?type=\` shows the layers: \`applied\` (what is in
force), \`dynamic\`, \`system\` (flags), \`environment\`, \`reference\` (defaults). Who may listen where, who is let in and where things are
stored is said when the server starts, and nowhere else.

A server that listens on loopback asks nobody for a token, answers to names of this machine only, and does nothing for web pages of
other origins. Any other address needs \`--auth on\`: the first start then makes an administrator's token and shows it once; more
are made with \`vamp token create\`.
`
}
