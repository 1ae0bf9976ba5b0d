/** Pure: a workload as the body of `POST /containers/create`, and back from a container's labels. */
import { Fault } from '@vamp/model/fault'
import type { Workload } from '../container-driver.ts'

/** Labels by which containers are found again; the first three are the original's. */
export const LABELS = {
  deployment: 'io.vamp.deployment', cluster: 'io.vamp.cluster', service: 'io.vamp.service',
  instance: 'io.vamp.instance', digest: 'io.vamp.digest', owner: 'io.vamp.owner', ports: 'io.vamp.ports', checks: 'io.vamp.health-checks',
} as const

export interface CreateOptions {
  /** Of the installation: another one's containers on the same engine are not ours. */
  readonly owner: string
  readonly network: string
  /** port name → number that the instance listens on. */
  readonly ports: Readonly<Record<string, number>>
}

type Json = Readonly<Record<string, unknown>>

/**
 * CPU is a share under contention (`CpuShares`, 1024 a core), memory a limit. `privileged: true` and the arguments of
 * `PARAMETERS` are settings of the container; the dialect `docker` is laid over everything: maps merged, lists added.
 */
export function createBody(workload: Workload, { owner, network, ports }: CreateOptions): Json {
  const environment = {
    ...workload.environment,
    ...Object.fromEntries(Object.entries(ports).map(([name, number]) => [`PORT_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`, String(number)])),
    ...(workload.ports[0] ? { PORT: String(ports[workload.ports[0].name]) } : {}),
    VAMP_DEPLOYMENT: workload.deployment, VAMP_CLUSTER: workload.cluster, VAMP_SERVICE: workload.service, VAMP_INSTANCE: workload.id,
  }
  const base: Json = {
    Image: workload.deployable.definition,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      NetworkMode: network,
      ...(workload.cpu > 0 ? { CpuShares: Math.max(2, Math.round(workload.cpu * 1024)) } : {}),
      ...(workload.memory > 0 ? { Memory: Math.round(workload.memory * 1_000_000) } : {}),
      RestartPolicy: { Name: 'no' },
    },
  }
  const { net: _net, fixed_ports: _fixed, ...dialect } = workload.dialect
  const body = merge(workload.arguments.reduce((body, { key, value }) => merge(body, parameter(key, value)), base), dialect)
  return merge(body, { Labels: identity(workload, owner, ports) })
}

/** Nothing may say otherwise: by these it is found again. */
function identity(workload: Workload, owner: string, ports: Readonly<Record<string, number>>): Json {
  return {
    [LABELS.deployment]: workload.deployment, [LABELS.cluster]: workload.cluster, [LABELS.service]: workload.service,
    [LABELS.instance]: workload.id, [LABELS.digest]: workload.digest, [LABELS.owner]: owner,
    [LABELS.ports]: JSON.stringify(ports), [LABELS.checks]: JSON.stringify(workload.health_checks),
  }
}

/** The dialect's `net` (as the original has it) or `HostConfig.NetworkMode`, the artifact's network, or the driver's. */
export function networkOf({ network, dialect }: Pick<Workload, 'network' | 'dialect'>, fallback: string): string {
  const host = isMap(dialect['HostConfig']) ? dialect['HostConfig']['NetworkMode'] : undefined
  const name = [dialect['net'], host, network].find(candidate => typeof candidate === 'string') ?? fallback
  return /^(bridge|host|none)$/i.test(String(name)) ? String(name).toLowerCase() : String(name)
}

/** The options of `docker run` that an argument may be, by name. */
const PARAMETERS: Readonly<Record<string, (value: string) => Json>> = {
  privileged: value => ({ HostConfig: { Privileged: value === 'true' } }),
  volume: value => ({ HostConfig: { Binds: [value] } }),
  'cap-add': value => ({ HostConfig: { CapAdd: [value] } }),
  'cap-drop': value => ({ HostConfig: { CapDrop: [value] } }),
  'add-host': value => ({ HostConfig: { ExtraHosts: [value] } }),
  dns: value => ({ HostConfig: { Dns: [value] } }),
  'log-driver': value => ({ HostConfig: { LogConfig: { Type: value } } }),
  'log-opt': value => ({ HostConfig: { LogConfig: { Config: pair(value) } } }),
  'read-only': value => ({ HostConfig: { ReadonlyRootfs: value !== 'false' } }),
  'shm-size': value => ({ HostConfig: { ShmSize: Number(value) } }),
  tmpfs: value => ({ HostConfig: { Tmpfs: { [value.split(':')[0] ?? value]: value.split(':').slice(1).join(':') } } }),
  env: value => ({ Env: [value] }),
  label: value => ({ Labels: pair(value) }),
  user: value => ({ User: value }),
  workdir: value => ({ WorkingDir: value }),
  hostname: value => ({ Hostname: value }),
  entrypoint: value => ({ Entrypoint: [value] }),
}

function parameter(key: string, value: string): Json {
  const known = PARAMETERS[key.replace(/^--/, '')]
  if (!known) throw new Fault('unsupported', `the docker driver knows no argument “${key}”; it knows ${Object.keys(PARAMETERS).join(', ')}, and the dialect “docker” for everything else`, { key })
  return known(value)
}

function pair(text: string): Json {
  const at = text.indexOf('=')
  return at < 0 ? { [text]: '' } : { [text.slice(0, at)]: text.slice(at + 1) }
}

function merge(base: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    if (Array.isArray(before) && Array.isArray(value)) merged[key] = [...before, ...value]
    else merged[key] = isMap(before) && isMap(value) ? merge(before, value) : value
  }
  return merged
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
