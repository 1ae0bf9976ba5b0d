/** What the drivers that speak the Engine API have in common: how they are opened, where their instances listen, what those print. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import type { ContainerDriver, LogLine, Workload } from '../container-driver.ts'
import type { DockerAddress, DockerClient } from './docker-client.ts'
import { readLogLines } from './docker-logs.ts'
import type { EndedLogs } from './ended-logs.ts'

/** An image that is called without a port still listens somewhere. */
const PORT_DEFAULT = 8080

export const ENGINE_DEPLOYABLES = ['container/docker', 'docker'] as const

export interface EngineDriverOptions {
  /** Of a Swarm: a manager's. */
  readonly address: DockerAddress
  /** `[a-z0-9]+`, of the installation: tells our containers from another's on the same engine. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Logger
  /** Where artifacts name no network; `bridge` by default. */
  readonly network?: string
  /** Value of the `X-Registry-Auth` header for an image; absent: none is needed. */
  readonly credentials?: (image: string) => Promise<string | undefined>
}

/** Looks at what there is, so that a driver that cannot see anything is never given away. */
export async function opened(driver: ContainerDriver): Promise<ContainerDriver> {
  try {
    await driver.observe()
    return driver
  } catch (error) {
    await driver[Symbol.asyncDispose]()
    throw error
  }
}

/** port name → number: as the breed says, or the numbers that are held for it. */
export function listeningAt(ports: Workload['ports'], held: readonly number[] = []): Record<string, number> {
  return Object.fromEntries(ports.map(({ name, number }, index) => [name, held[index] ?? (number || PORT_DEFAULT + index)]))
}

export interface EngineLogs {
  readonly client: DockerClient
  /** Of the container or service. */
  readonly path: string
  readonly id: string
  readonly ended: EndedLogs
  /** How the engine takes a time, of Unix milliseconds. */
  readonly timeOf: (sinceMs: number) => string | number
}

/** What it prints; of what is gone, or as good as gone (a removal broke off), what was kept of it. */
export async function* engineLogs({ client, path, id, ended, timeOf }: EngineLogs, { tail, follow = false, since }: { tail?: number; follow?: boolean; since?: number }, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const query = { stdout: true, stderr: true, timestamps: true, follow, tail: tail ?? 'all', ...(since === undefined ? {} : { since: timeOf(since) }) }
  try {
    yield* readLogLines(await client.stream('GET', `${path}/logs`, { query, signal }))
  } catch (error) {
    if (signal?.aborted) return
    if (!(error instanceof Fault && (error.code === 'not_found' || error.code === 'conflict'))) throw error
    yield* ended.read(id, { tail, since })
  }
}
