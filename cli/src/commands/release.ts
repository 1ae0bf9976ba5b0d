/** `vamp release shop/web --to web:1.1`, and everything that can be told to a release afterwards. */
import { ApiError } from '@vamp/client/api-error'
import { releases } from '@vamp/model/api/releases'
import type { ReleaseView } from '@vamp/model/api/releases'
import { RELEASE_STATUSES } from '../columns.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { asData, asRows, formOf } from '../output.ts'
import { placeOf } from '../place.ts'
import { type Look, LOOKS_MAX, releaseText } from '../release-view.ts'
import type { Session } from '../session.ts'
import { watch } from '../watch.ts'

export interface StartFlags {
  readonly to?: string
  readonly from?: string
  readonly name?: string
  readonly audience?: string
  readonly instances?: string
  readonly confidence?: string
  readonly strategy?: string
  readonly replace?: boolean
  readonly plan?: boolean
  readonly watch?: boolean
}

export interface StatusFlags { readonly watch?: boolean; readonly output?: string }

const OVER: ReadonlySet<string> = new Set(['promoted', 'rolled_back', 'aborted', 'failed'])

export async function startRelease(session: Session, where: string | undefined, flags: StartFlags): Promise<number> {
  const { client, io } = session
  const { to } = flags
  if (where === undefined) throw new CommandFailure(EXIT.usage, 'say where, and which version: vamp release shop/web --to web:1.1\n  → vamp release status shows those that there are; vamp release --help everything else')
  const { deployment, cluster } = placeOf(where)
  if (cluster === undefined && to === undefined) throw new CommandFailure(EXIT.usage, `'${where}' is no order to a release, and no place such as shop/web\n  → vamp release --help shows all orders`)
  if (cluster === undefined) throw new CommandFailure(EXIT.usage, `which cluster of ${deployment}? write ${deployment}/<cluster>`)
  if (to === undefined) throw new CommandFailure(EXIT.usage, `which version? vamp release ${where} --to <breed>`)
  const name = flags.name ?? `${deployment}-${cluster}-${to}`.replaceAll(/[^\w.-]/g, '-')
  const body = {
    kind: 'release', name, deployment, cluster, to: to.includes(',') ? to.split(',').map(breed => breed.trim()) : to,
    ...(flags.replace ? { in_flight: 'replace' } : {}),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.audience === undefined ? {} : { audience: flags.audience }),
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
    ...(flags.confidence === undefined ? {} : { confidence: flags.confidence.endsWith('%') ? flags.confidence : `${flags.confidence}%` }),
    ...(flags.instances === undefined ? {} : { scale: await scaleLike(session, { deployment, cluster, instances: flags.instances }) }),
  }
  if (flags.plan) {
    io.out(asData(await client.plan(releases.put, { path: { name }, body }, io.signal), 'yaml'))
    return EXIT.ok
  }
  await client.call(releases.put, { path: { name }, body, expected: 'absent' }, io.signal).catch(error => {
    if (error instanceof ApiError && error.status === 412) throw new CommandFailure(EXIT.refused, `${error.message}\n  → --name gives this one another name; vamp delete release ${name} removes one that is over`)
    throw error
  })
  io.out(`release ${io.colours.bold(name)} begins; vamp release status ${name} --watch\n`)
  return flags.watch ? releaseStatus(session, name, { watch: true }) : EXIT.ok
}

/** The size of what runs there, with another number of instances. */
async function scaleLike({ client, io }: Session, { deployment, cluster, instances }: { deployment: string; cluster: string; instances: string }): Promise<object> {
  if (!/^\d+$/.test(instances)) throw new CommandFailure(EXIT.usage, `--instances ${instances} is no number`)
  const { deployments } = await import('@vamp/model/api/deployments')
  const { data } = await client.call(deployments.get, { path: { deployment } }, io.signal)
  const scale = data.clusters[cluster]?.services[0]?.scale
  if (!scale) throw new CommandFailure(EXIT.not_found, `the deployment ${deployment} has no cluster ${cluster} with a service`)
  return { cpu: scale.cpu, memory: scale.memory, instances: Number(instances) }
}

/** Of one release, or of all. Watching one ends with it: 0 if it was promoted. The only one that is under way need not be named to be watched. */
export async function releaseStatus(session: Session, name: string | undefined, flags: StatusFlags): Promise<number> {
  if (name !== undefined || !flags.watch || formOf(flags.output) !== 'table') return statusOf(session, name, flags)
  const { data } = await session.client.call(releases.statuses, {}, session.io.signal)
  const [only, ...others] = data.filter(({ phase }) => !OVER.has(phase) && phase !== 'keeping')
  return statusOf(session, others.length === 0 ? only?.name : undefined, flags)
}

async function statusOf(session: Session, name: string | undefined, flags: StatusFlags): Promise<number> {
  const { client, io } = session
  const form = formOf(flags.output)
  const looks: Look[] = []
  let last: ReleaseView | undefined
  const show = async () => {
    if (name === undefined) {
      const { data } = await client.call(releases.statuses, {}, io.signal)
      return data.length === 0 && form === 'table' ? 'There are no releases.\n' : asRows(data as unknown as Parameters<typeof asRows>[0], 'releases', form, RELEASE_STATUSES, io)
    }
    last = (await client.call(releases.status, { path: { name } }, io.signal)).data
    if (form === 'name') return `release/${name}\n`
    if (io.terminal && flags.watch) look(looks, last)
    return form === 'json' || form === 'yaml' ? asData(last, form) : releaseText(last, io, looks)
  }
  if (flags.watch) return watch(io, show, () => last && OVER.has(last.phase) ? last.phase === 'promoted' ? EXIT.ok : EXIT.failed : undefined)
  io.out(await show())
  return EXIT.ok
}

function look(looks: Look[], { harm, weight }: ReleaseView): void {
  looks.push({ harm, weight })
  if (looks.length > LOOKS_MAX) looks.shift()
}

export const ORDERS = ['pause', 'resume', 'promote', 'abort', 'rollback'] as const
export type Order = (typeof ORDERS)[number]

const TOLD: Readonly<Record<Order, string>> = { pause: 'is told to pause', resume: 'is told to go on', promote: 'is told to promote', abort: 'is told to abort', rollback: 'is told to roll back' }

export async function orderRelease({ client, io }: Session, order: Order, name: string, { reason }: { readonly reason?: string }): Promise<number> {
  await client.call(releases[order], { path: { name }, body: reason === undefined ? {} : { reason } }, io.signal)
  io.out(`release ${io.colours.bold(name)} ${TOLD[order]}\n`)
  return EXIT.ok
}

/** Opens a gate that waits for a person. */
export async function approveRelease({ client, io }: Session, name: string, { gate, reason }: { readonly gate?: string; readonly reason?: string }): Promise<number> {
  await client.call(releases.approve, { path: { name }, body: { ...(gate === undefined ? {} : { gate }), ...(reason === undefined ? {} : { reason }) } }, io.signal)
  io.out(`release ${io.colours.bold(name)} is approved${gate === undefined ? '' : ` for ${gate}`}\n`)
  return EXIT.ok
}

export async function weighRelease({ client, io }: Session, name: string, weight: string, { reason }: { readonly reason?: string }): Promise<number> {
  await client.call(releases.weight, { path: { name }, body: { weight, ...(reason === undefined ? {} : { reason }) } }, io.signal)
  io.out(`release ${io.colours.bold(name)} is told to take ${weight.replace(/%?$/, '%')} of the traffic, and pauses\n`)
  return EXIT.ok
}
