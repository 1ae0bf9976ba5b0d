/** Pure: a workload as the body of `POST /containers/create`. */
import { Fault } from '@vamp/model/fault'
import type { Workload } from '../container-driver.ts'
import { environmentLines } from '../environment.ts'
import { identityLabels } from './labels.ts'
import { isMap, type Json, merge, pair } from './native.ts'

export interface CreateOptions {
  /** Of the installation: another one's containers on the same engine are not ours. */
  readonly owner: string
  readonly network: string
  /** port name → number that the instance listens on. */
  readonly ports: Readonly<Record<string, number>>
}

/**
 * CPU is a share under contention (`CpuShares`, 1024 a core), memory a limit. `privileged: true` and the arguments of
 * `PARAMETERS` are settings of the container; the dialect `docker` is laid over everything: maps merged, lists added.
 */
export function createBody(workload: Workload, { owner, network, ports }: CreateOptions): Json {
  const base: Json = {
    Image: workload.deployable.definition,
    Env: environmentLines(workload, ports),
    HostConfig: {
      NetworkMode: network,
      ...(workload.cpu > 0 ? { CpuShares: Math.max(2, Math.round(workload.cpu * 1024)) } : {}),
      ...(workload.memory > 0 ? { Memory: Math.round(workload.memory * 1_000_000) } : {}),
      RestartPolicy: { Name: 'no' },
    },
  }
  const { net: _net, fixed_ports: _fixed, ...dialect } = workload.dialect
  const body = merge(workload.arguments.reduce((body, { key, value }) => merge(body, parameter(key, value)), base), dialect)
  // Nothing may say otherwise: by these it is found again.
  return merge(body, { Labels: identityLabels(workload, owner, ports) })
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
