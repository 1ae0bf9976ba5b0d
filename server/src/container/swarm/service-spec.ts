/** Pure: a workload as the body of `POST /services/create`, https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Service. */
import { createHash } from 'node:crypto'
import { Fault } from '@vamp/model/fault'
import type { Workload } from '../container-driver.ts'
import { identityLabels } from '../docker/labels.ts'
import { isMap, type Json, merge, pair } from '../docker/native.ts'
import { environmentLines } from '../environment.ts'

/** From being asked to end to being killed. Swarm is told when a service is made; another grace at its end is not known to it. */
export const GRACE_MS = 10_000
/** Of a service's name, which must be a DNS label. */
const NAME_LENGTH_MAX = 63

export interface SpecOptions {
  /** Of the installation: another one's services on the same Swarm are not ours. */
  readonly owner: string
  readonly network: string
  /** port name → number that the instance listens on. */
  readonly ports: Readonly<Record<string, number>>
}

/** Readable where there is room for it. */
export function serviceName(owner: string, id: string): string {
  const full = `vamp-${owner}-${id}`
  if (full.length <= NAME_LENGTH_MAX) return full
  return `${full.slice(0, NAME_LENGTH_MAX - 13)}-${createHash('sha256').update(full).digest('hex').slice(0, 12)}`
}

/**
 * One instance is a service with one replica that Swarm does not restart: which instance leaves, and when one is tried again, is
 * decided where its traffic is known. CPU is reserved, so that Swarm finds a node with room; memory is reserved and a limit.
 * The dialect `swarm` is laid over everything: maps merged, lists added.
 */
export function serviceSpec(workload: Workload, { owner, network, ports }: SpecOptions): Json {
  const memory = Math.round(workload.memory * 1_000_000)
  const onHost = network === 'host'
  const base: Json = {
    TaskTemplate: {
      ContainerSpec: { Image: workload.deployable.definition, Env: environmentLines(workload, ports), StopGracePeriod: GRACE_MS * 1e6 },
      Resources: {
        Limits: memory > 0 ? { MemoryBytes: memory } : {},
        Reservations: { ...(workload.cpu > 0 ? { NanoCPUs: Math.round(workload.cpu * 1e9) } : {}), ...(memory > 0 ? { MemoryBytes: memory } : {}) },
      },
      Networks: network === 'bridge' ? [] : [{ Target: network }],
    },
    // Straight to the instance: the mesh of Swarm would send a request to any of them.
    EndpointSpec: onHost ? {} : { Ports: Object.values(ports).map(TargetPort => ({ Protocol: 'tcp', TargetPort, PublishMode: 'host' })) },
  }
  const { net: _net, fixed_ports: _fixed, ...dialect } = workload.dialect
  const asked = merge(workload.arguments.reduce((spec, { key, value }) => merge(spec, parameter(key, value)), base), dialect)
  // Nothing may say otherwise: by these it is found again, and it is one instance.
  const labels = identityLabels(workload, owner, ports)
  return merge(asked, {
    Name: serviceName(owner, workload.id), Labels: labels, Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: { ContainerSpec: { Labels: labels }, RestartPolicy: { Condition: 'none' } },
  })
}

/** The dialect's `net`, the artifact's network, or the driver's. */
export function swarmNetworkOf({ network, dialect }: Pick<Workload, 'network' | 'dialect'>, fallback: string): string {
  const name = typeof dialect['net'] === 'string' ? dialect['net'] : network ?? fallback
  return /^(bridge|host)$/i.test(name) ? name.toLowerCase() : name
}

const container = (spec: Json): Json => ({ TaskTemplate: { ContainerSpec: spec } })

/** The options of `docker service create` that an argument may be, by name. */
const PARAMETERS: Readonly<Record<string, (value: string) => Json>> = {
  constraint: value => ({ TaskTemplate: { Placement: { Constraints: [value] } } }),
  'placement-pref': value => ({ TaskTemplate: { Placement: { Preferences: [{ Spread: { SpreadDescriptor: value.replace(/^spread=/, '') } }] } } }),
  volume: value => container({ Mounts: [mount(value)] }),
  tmpfs: value => container({ Mounts: [{ Type: 'tmpfs', Target: value.split(':')[0] ?? value }] }),
  secret: value => container({ Secrets: [{ SecretName: value, File: { Name: value, UID: '0', GID: '0', Mode: 0o444 } }] }),
  'cap-add': value => container({ CapabilityAdd: [value] }),
  'cap-drop': value => container({ CapabilityDrop: [value] }),
  host: value => container({ Hosts: [value.split(':').reverse().join(' ')] }),
  'add-host': value => container({ Hosts: [value.split(':').reverse().join(' ')] }),
  dns: value => container({ DNSConfig: { Nameservers: [value] } }),
  'log-driver': value => ({ TaskTemplate: { LogDriver: { Name: value } } }),
  'log-opt': value => ({ TaskTemplate: { LogDriver: { Options: pair(value) } } }),
  'limit-cpu': value => ({ TaskTemplate: { Resources: { Limits: { NanoCPUs: Math.round(Number(value) * 1e9) } } } }),
  'read-only': value => container({ ReadOnly: value !== 'false' }),
  network: value => ({ TaskTemplate: { Networks: [{ Target: value }] } }),
  env: value => container({ Env: [value] }),
  label: value => ({ Labels: pair(value) }),
  'container-label': value => container({ Labels: pair(value) }),
  user: value => container({ User: value }),
  workdir: value => container({ Dir: value }),
  hostname: value => container({ Hostname: value }),
  entrypoint: value => container({ Command: [value] }),
}

function parameter(key: string, value: string): Json {
  const name = key.replace(/^--/, '')
  if (name === 'privileged' && value !== 'true') return {}
  const known = PARAMETERS[name]
  if (known) return known(value)
  const why = name === 'privileged' ? 'Swarm runs nothing with privileges' : `the swarm driver knows no argument “${key}”`
  throw new Fault('unsupported', `${why}; it knows ${Object.keys(PARAMETERS).join(', ')}, and the dialect “swarm” for everything else`, { key })
}

/** `source:target[:ro]`; a source that is no path is the name of a volume. */
function mount(text: string): Json {
  const [source = '', target = source, mode] = text.split(':')
  return { Type: source.startsWith('/') ? 'bind' : 'volume', Source: source, Target: target, ...(mode === 'ro' ? { ReadOnly: true } : {}) }
}

/** Of `Labels` in an answer, which may be missing. */
export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return isMap(value) ? value as Readonly<Record<string, string>> : {}
}
