/** What a version that is sent back leaves to those who ask why: what its instances printed last. */
import type { Clock } from '@vamp/agent/base/clock'
import type { PostMortem, PrintedLine } from '@vamp/model/release-status'
import type { ContainerDriver } from '../container/container-driver.ts'
import { newVersions } from './finish.ts'
import type { ObservedRelease } from './observe.ts'
import { acknowledgedShare } from './weights.ts'

const [LINES_MAX, LINE_LENGTH_MAX, INSTANCES_MAX] = [50, 500, 20]
/** Of one release, in UTF-16 code units: it is a part of its status. */
const TEXT_MAX = 64_000
/** Whoever does not answer is not waited for: the version goes all the same. */
const PATIENCE_MS = 2000

export interface PostMortemSources { readonly containers: Pick<ContainerDriver, 'logs'>; readonly clock: Clock }

/** Of a version that no proxy sends anything any more and whose instances are still there; once. */
export async function postMortem(sources: PostMortemSources, observed: ObservedRelease): Promise<PostMortem | undefined> {
  const status = observed.status?.value
  if (status?.phase !== 'rolling_back' || status.post_mortem || newVersions(status).some(version => acknowledgedShare(observed.gatewayStatuses, version) > 0)) return undefined
  const instances = (observed.deploymentStatus?.instances ?? []).filter(({ cluster, service }) => cluster === status.cluster && newVersions(status).includes(service)).slice(0, INSTANCES_MAX)
  const share = Math.floor(TEXT_MAX / Math.max(1, instances.length))
  const printed = await Promise.all(instances.map(async ({ id, service }) => ({ instance: id, service, lines: await lastLines(sources, id, share) })))
  return { printed }
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
