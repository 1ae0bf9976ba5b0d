/** Releases, and what people tell them to do. An order is a record that the release reconciler takes and deletes. */
import { type ReleaseView, releases } from '@vamp/model/api/releases'
import type { Endpoint } from '@vamp/model/api/endpoint'
import { Fault } from '@vamp/model/fault'
import { parsePercentage } from '@vamp/model/quantity'
import type { Release } from '@vamp/model/release'
import { PHASE_LABELS, type ReleaseOrder, type ReleaseStatus } from '@vamp/model/release-status'
import type { Write } from '../store/store.ts'
import { artifactIn, namedArtifact } from './artifacts.ts'
import { decisionLines } from './decisions.ts'
import type { Draft } from './draft.ts'
import { found, notFound } from './found.ts'
import { pageOf, slice } from './paging.ts'
import { refuse } from './refused.ts'
import { artifacts, type Call, nothing, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { notesOf, revisionOf, write } from './write.ts'

export function releaseRoutes(world: World): Route[] {
  const { store } = world
  return [
    route(releases.list, async ({ query }) => {
      const { items, total } = await store.list('releases', slice(pageOf(query)))
      return artifacts(items.map(stored => stored.value), { total })
    }),
    route(releases.get, async ({ path }) => {
      const stored = await found(world, 'releases', path.name)
      return artifacts(stored.value, { revision: stored.revision })
    }),
    route(releases.create, call => begin(world, call, artifactIn('releases', call.body))),
    route(releases.put, call => begin(world, call, namedArtifact('releases', call.body, call.path.name))),
    route(releases.delete, async call => {
      const { written } = await write(world, call, draft => removeRelease(world, draft, call.path.name, call.expected))
      return written.is === 'planned' ? value(written.plan, { status: 200 }) : nothing
    }),
    route(releases.statuses, async () => value((await store.list('release-statuses')).items.map(stored => brief(stored.value)))),
    route(releases.status, async ({ path }) => value(view(await statusOf(world, path.name)))),
    route(releases.decisions, async ({ path }) => ({ is: 'lines', lines: decisionLines(world, (await found(world, 'releases', path.name)).value) })),
    ...orderRoutes(world),
  ]
}

function orderRoutes(world: World): Route[] {
  const simple = <const E extends Endpoint & { readonly path: `/releases/{name}/${string}` }>(endpoint: E, order: ReleaseOrder['order']) =>
    route(endpoint, call => give(world, call.who.name, (call.path as { readonly name: string }).name, { order, ...reasonOf(call.body) }))
  return [
    simple(releases.pause, 'pause'),
    simple(releases.resume, 'resume'),
    simple(releases.promote, 'promote'),
    simple(releases.abort, 'abort'),
    simple(releases.rollback, 'rollback'),
    route(releases.approve, call => give(world, call.who.name, call.path.name, { order: 'approve', ...(call.body?.gate === undefined ? {} : { gate: call.body.gate }), ...reasonOf(call.body) })),
    route(releases.weight, call => give(world, call.who.name, call.path.name, { order: 'set-weight', weight: percentOf(call.body.weight), ...reasonOf(call.body) })),
  ]
}

async function begin(world: World, call: Pick<Call, 'who' | 'expected'> & { readonly query: object; readonly body: string }, release: Release): Promise<Reply> {
  const { written } = await write(world, call, draft => putRelease(world, draft, release, call.expected, call.body))
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : artifacts(release, { ...revisionOf(written, release.name), ...notesOf(written) })
}

/** Throws `Refused` where it could only fail. */
export async function putRelease({ store }: Pick<World, 'store'>, draft: Draft, release: Release, expected: Call['expected'], source: string): Promise<void> {
  const deployment = await draft.get('deployments', release.deployment)
  if (!deployment) refuse('ArtifactNotFound', `Artifact cannot be found: '${release.deployment}'.`, 'deployment', 'deploy a blueprint of that name first')
  if (!deployment?.clusters.some(({ name }) => name === release.cluster)) refuse('ArtifactNotFound', `The deployment '${release.deployment}' has no cluster '${release.cluster}'.`, 'cluster', deployment ? `it has ${deployment.clusters.map(({ name }) => name).join(', ')}` : undefined)
  for (const breed of release.to) if (!await draft.get('breeds', breed)) refuse('ArtifactNotFound', `Artifact cannot be found: '${breed}'.`, 'to', 'store the breed first, or send it in the same file before the release')
  const status = (await store.get('release-statuses', release.name))?.value
  const before = await draft.get('releases', release.name)
  if (status && before && JSON.stringify(before) !== JSON.stringify(release) && movesElsewhere(before, release))
    throw new Fault('conflict', `The release '${release.name}' is ${status.phase}; where it goes cannot be changed any more. Give the new one another name, or delete this one first.`)
  await draft.put('releases', release, expected, source)
  if (status && before && OVER.has(status.phase)) draft.note('releases', release.name, endedAlready(status))
}

/** Files are applied again and again; whoever means to release again has to be told that this does not. */
function endedAlready({ name, phase, ended }: ReleaseStatus): string {
  const when = ended === undefined ? '' : ` at ${ended}`
  return `The release '${name}' ended${when} (${phase.replaceAll('_', ' ')}) and does not begin again: give the next one another name, or delete this one first (vamp delete release ${name}).`
}

function movesElsewhere(before: Release, after: Release): boolean {
  const place = ({ deployment, cluster, to, from }: Release) => JSON.stringify([deployment, cluster, to, from])
  return place(before) !== place(after)
}

const OVER: ReadonlySet<string> = new Set(['keeping', 'promoted', 'rolled_back', 'aborted', 'failed'])

/** One that is under way must be ended first: nobody would look after its traffic. */
export async function removeRelease({ store }: Pick<World, 'store'>, draft: Draft, name: string, expected: Call['expected']): Promise<void> {
  const status = (await store.get('release-statuses', name))?.value
  if (status && !OVER.has(status.phase)) throw new Fault('conflict', `The release '${name}' is ${status.phase}: ${status.sentence} Abort it, roll it back or promote it first.`, { phase: status.phase })
  await draft.delete('releases', name, expected)
}

async function statusOf({ store, clock }: World, name: string): Promise<ReleaseStatus> {
  const status = (await store.get('release-statuses', name))?.value
  if (status) return status
  const release = (await store.get('releases', name))?.value
  if (!release) throw notFound('releases', name)
  return {
    name, deployment: release.deployment, cluster: release.cluster, from: release.from ?? '', to: release.to.join(', '), phase: 'waiting', since: new Date(clock.now()).toISOString(),
    weight: 0, sentence: 'It was just received.', next: 'It is looked at in a moment.', evidence: [], harm: 1, requests: NONE, failed: NONE, excess: 0,
    budget: { spent: 0, total: release.exposure.bad_requests }, judged_until: 0, judge: null,
  }
}

const NONE = { baseline: 0, canary: 0 }

export function view({ judge: _, ...status }: ReleaseStatus): ReleaseView {
  return status
}

/** What instances printed is told of one release at a time. */
function brief({ post_mortem: _, ...status }: ReleaseStatus): ReleaseView {
  return view(status)
}

const VERBS: Partial<Record<ReleaseOrder['order'], string>> = { rollback: 'roll back', 'set-weight': 'weigh' }

async function give(world: World, by: string, name: string, order: Pick<ReleaseOrder, 'order' | 'weight' | 'gate' | 'reason'>): Promise<Reply> {
  const { store } = world
  const status = await statusOf(world, name)
  if (OVER.has(status.phase) && !(order.order === 'rollback' && status.phase === 'keeping'))
    throw new Fault('conflict', `The release '${name}' is ${PHASE_LABELS[status.phase].toLowerCase()}; there is nothing left to ${VERBS[order.order] ?? order.order}.`, { phase: status.phase })
  const write: Write = { do: 'put', kind: 'release-orders', name, value: { release: name, by, ...order }, expected: 'any' }
  await store.transaction([write], [{ type: 'archive', tags: [`releases:${name}`, `release-order:${order.order}`, 'archive:update'], value: { by, ...order } }])
  return value(view(status))
}

function reasonOf(body: unknown): { readonly reason?: string } {
  const reason = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)['reason'] : undefined
  return typeof reason === 'string' && reason !== '' ? { reason } : {}
}

/** `25`, `"25"`, `"25%"` */
function percentOf(weight: number | string): number {
  const percent = typeof weight === 'number' ? weight : parsePercentage(`${weight.replace(/%$/, '').trim()}%`)
  return percent ?? refuse('UnexpectedTypeError', 'a weight is a percentage from 0 to 100', 'weight')
}
