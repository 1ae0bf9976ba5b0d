/** What a version that is sent back leaves to those who ask why: how its requests failed, and what its instances printed last. */
import type { Clock } from '@vamp/agent/base/clock'
import type { PostMortem, PrintedLine } from '@vamp/model/release-status'
import type { ContainerDriver } from '../container/container-driver.ts'
import { trafficReport } from '../traffic/report.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { newVersions } from './finish.ts'
import type { ObservedRelease } from './observe.ts'
import { acknowledgedShare } from './weights.ts'

const [LINES_MAX, LINE_LENGTH_MAX, INSTANCES_MAX] = [50, 500, 20]
/** Of one release, in UTF-16 code units: it is a part of its status. */
const TEXT_MAX = 64_000
/** Whoever does not answer is not waited for: the version goes all the same. */
const PATIENCE_MS = 2000

export interface PostMortemSources { readonly containers: Pick<ContainerDriver, 'logs'>; readonly traffic: Traffic; readonly clock: Clock }

/** Of a version that no proxy sends anything any more and whose instances are still there; once. */
export async function postMortem(sources: PostMortemSources, observed: ObservedRelease): Promise<PostMortem | undefined> {
  const status = observed.status?.value
  if (status?.phase !== 'rolling_back' || status.post_mortem || newVersions(status).some(version => acknowledgedShare(observed.gatewayStatuses, version) > 0)) return undefined
  const failures = await Promise.all(newVersions(status).map(service => failuresOf(sources.traffic, observed, service)))
  const instances = (observed.deploymentStatus?.instances ?? []).filter(({ cluster, service }) => cluster === status.cluster && newVersions(status).includes(service)).slice(0, INSTANCES_MAX)
  const share = Math.floor(TEXT_MAX / Math.max(1, instances.length))
  const printed = await Promise.all(instances.map(async ({ id, service }) => ({ instance: id, service, lines: await lastLines(sources, id, share) })))
  return { statuses: summed(failures.map(({ statuses }) => statuses)), endings: summed(failures.map(({ endings }) => endings)), printed }
}

/** What counts as failed: 5xx, no status at all, and whatever broke off but by the visitor. */
async function failuresOf(traffic: Traffic, { status, nowMs }: ObservedRelease, service: string): Promise<Pick<PostMortem, 'statuses' | 'endings'>> {
  const { deployment, cluster, started } = status?.value ?? {}
  if (deployment === undefined || cluster === undefined || started === undefined) return { statuses: {}, endings: {} }
  const newest = traffic.completeUntil()
  const { total } = await trafficReport(traffic, { place: { deployment, cluster, service }, from: Math.floor(Date.parse(started) / 1000), to: Math.ceil(nowMs / 1000), newest, percentiles: [], by: [] })
  return { statuses: only(total.statuses, name => name === '5xx' || name === 'other'), endings: only(total.endings, name => name !== 'client') }
}

/** The newest lines that there is room for. */
async function lastLines({ containers, clock }: PostMortemSources, id: string, room: number): Promise<readonly PrintedLine[]> {
  const read = await inTime(clock, signal => Array.fromAsync(containers.logs(id, { tail: LINES_MAX }, signal)))
  const lines = (read ?? []).slice(-LINES_MAX).map(({ time, stream, line }) => ({ timestamp: new Date(time).toISOString(), stream, line: line.slice(0, LINE_LENGTH_MAX) }))
  let left = room
  const first = lines.findLastIndex(({ line }) => { left -= line.length; return left < 0 })
  return lines.slice(first + 1)
}

/** Nothing where it cannot be read, or not soon. */
async function inTime<T>(clock: Clock, read: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const late = new AbortController()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const cancel = clock.after(PATIENCE_MS, () => { resolve(undefined); late.abort() })
  try {
    return await Promise.race([read(late.signal).catch(() => undefined), promise])
  } finally {
    cancel()
  }
}

type Counts = Readonly<Record<string, number>>

const only = (counts: Counts, wanted: (name: string) => boolean): Counts => Object.fromEntries(Object.entries(counts).filter(([name]) => wanted(name)))

function summed(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {}
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
