/** `vamp logs shop/web --follow`: what instances print. `vamp logs --server`: what the server itself logs. */
import { writeFile } from 'node:fs/promises'
import { type DeploymentView, deployments } from '@vamp/model/api/deployments'
import { releases } from '@vamp/model/api/releases'
import { system } from '@vamp/model/api/system'
import type { PostMortem } from '@vamp/model/release-status'
import { durationOf } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { type Place, placeOf, servicesAt } from '../place.ts'
import type { Session } from '../session.ts'

export interface LogsFlags { readonly follow?: boolean; readonly tail: string; readonly since?: string; readonly download?: string; readonly instance?: string; readonly server?: boolean; readonly level?: string; readonly timestamps?: boolean }

export async function logs(session: Session, where: string | undefined, flags: LogsFlags): Promise<number> {
  if (flags.server) return serverLogs(session, flags.level)
  if (where === undefined) throw new CommandFailure(EXIT.usage, 'say of what: vamp logs <deployment>[/<cluster>[/<service>]], or vamp logs --server')
  if (!/^\d+$/.test(flags.tail)) throw new CommandFailure(EXIT.usage, `--tail ${flags.tail} is no number of lines`)
  const { client, io } = session
  const place = placeOf(where)
  const { data } = await client.call(deployments.get, { path: { deployment: place.deployment } }, io.signal)
  const gone = isThere(data, place) ? undefined : await leftOf(session, place)
  if (gone) return tellGone(session, gone, flags)
  const which = { ...(flags.instance === undefined ? {} : { instance: flags.instance }), ...(flags.since === undefined ? {} : { since: momentOf(flags.since, io.now()) }) }
  if (flags.download !== undefined) return download(session, place.deployment, servicesAt(data, place), which, flags.download)
  const query = { tail: Number(flags.tail), follow: flags.follow === true, ...which }
  await Promise.all(servicesAt(data, place).map(async ({ cluster, service }) => {
    for await (const { data: line } of client.stream(deployments.logs, { path: { deployment: place.deployment, cluster, service }, query, finite: true }, io.signal))
      io.out(lineText(io, line.instance, line, flags.timestamps))
  }))
  return EXIT.ok
}

interface Gone { readonly service: string; readonly release: string; readonly printed: PostMortem['printed'] }

const isThere = ({ clusters }: DeploymentView, { cluster, service }: Place) => cluster === undefined || service === undefined || clusters[cluster]?.services.some(({ breed }) => breed.name === service) === true

/** Of a version that a release sent back: what that release has kept, the newest that has something. */
async function leftOf({ client, io }: Session, { deployment, cluster, service = '' }: Place): Promise<Gone | undefined> {
  const { data: statuses } = await client.call(releases.statuses, {}, io.signal)
  const of = statuses.filter(status => status.deployment === deployment && status.cluster === cluster && status.verdict !== undefined && [status.to, ...(status.variants ?? []).map(({ to }) => to)].includes(service))
  for (const { name } of of.toSorted((a, b) => Date.parse(b.ended ?? b.since) - Date.parse(a.ended ?? a.since))) {
    const { data } = await client.call(releases.status, { path: { name } }, io.signal)
    const printed = (data.post_mortem?.printed ?? []).filter(instance => instance.service === service && instance.lines.length > 0)
    if (printed.length > 0) return { service, release: name, printed }
  }
  return undefined
}

async function tellGone({ io }: Session, { service, release, printed }: Gone, { tail, since, instance: only, download: file, timestamps }: LogsFlags): Promise<number> {
  const after = since === undefined ? '' : momentOf(since, io.now())
  const instances = printed.filter(({ instance }) => only === undefined || instance === only).map(({ instance, lines }) => ({ instance, lines: lines.filter(({ timestamp }) => timestamp >= after) }))
  if (file !== undefined) return saved(io, file, instances.map(({ instance, lines }) => lines.map(({ timestamp, stream, line }) => `${timestamp} ${instance} ${stream} ${line}\n`).join('')).join(''))
  io.err(`${service} is gone; what it printed last, from release ${release}:\n`)
  for (const { instance, lines } of instances)
    for (const line of lines.slice(Math.max(0, lines.length - Number(tail)))) io.out(lineText(io, instance, line, timestamps))
  return EXIT.ok
}

async function download({ client, io }: Session, deployment: string, services: ReturnType<typeof servicesAt>, query: { readonly instance?: string; readonly since?: string }, file: string): Promise<number> {
  const texts: string[] = []
  for (const { cluster, service } of services) texts.push((await client.call(deployments.logFile, { path: { deployment, cluster, service }, query }, io.signal)).data)
  return saved(io, file, texts.join(''))
}

async function saved({ out }: Io, file: string, text: string): Promise<number> {
  await writeFile(file, text).catch(error => { throw new CommandFailure(EXIT.failed, `${file} cannot be written: ${String((error as NodeJS.ErrnoException).code)}`) })
  out(`${file}: ${text.split('\n').length - 1} lines\n`)
  return EXIT.ok
}

const lineText = ({ colours }: Io, instance: string, { timestamp, stream, line }: { readonly timestamp: string; readonly stream: string; readonly line: string }, timestamps = false) =>
  `${timestamps ? `${colours.dim(timestamp)} ` : ''}${colours.cyan(instance)} ${stream === 'stderr' ? colours.yellow(line) : line}\n`

/** `10m` means ten minutes ago. */
function momentOf(text: string, nowMs: number): string {
  const moment = /^\d+[smhdw]$/.test(text) ? nowMs - durationOf(text, '--since') * 1000 : Date.parse(text)
  if (Number.isNaN(moment)) throw new CommandFailure(EXIT.usage, `--since ${text} is neither a duration such as 10m nor a moment such as 2026-11-28T12:00:00Z`)
  return new Date(moment).toISOString()
}

async function serverLogs({ client, io }: Session, level: string | undefined): Promise<number> {
  for await (const { data: { timestamp, level: of, message, facts } } of client.stream(system.logs, { query: level === undefined ? {} : { level } }, io.signal))
    io.out(`${io.colours.dim(timestamp.slice(11, 23))} ${of.padEnd(5)} ${message}${facts && Object.keys(facts).length > 0 ? io.colours.dim(` ${JSON.stringify(facts)}`) : ''}\n`)
  return EXIT.ok
}
