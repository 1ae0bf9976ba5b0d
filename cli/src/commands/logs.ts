/** `vamp logs shop/web --follow`: what instances print. `vamp logs --server`: what the server itself logs. */
import { writeFile } from 'node:fs/promises'
import { deployments } from '@vamp/model/api/deployments'
import { system } from '@vamp/model/api/system'
import { durationOf } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { placeOf, servicesAt } from '../place.ts'
import type { Session } from '../session.ts'

export interface LogsFlags { readonly follow?: boolean; readonly tail: string; readonly since?: string; readonly download?: string; readonly instance?: string; readonly server?: boolean; readonly level?: string }

export async function logs(session: Session, where: string | undefined, flags: LogsFlags): Promise<number> {
  if (flags.server) return serverLogs(session, flags.level)
  if (where === undefined) throw new CommandFailure(EXIT.usage, 'say of what: vamp logs <deployment>[/<cluster>[/<service>]], or vamp logs --server')
  if (!/^\d+$/.test(flags.tail)) throw new CommandFailure(EXIT.usage, `--tail ${flags.tail} is no number of lines`)
  const { client, io } = session
  const place = placeOf(where)
  const { data } = await client.call(deployments.get, { path: { deployment: place.deployment } }, io.signal)
  const which = { ...(flags.instance === undefined ? {} : { instance: flags.instance }), ...(flags.since === undefined ? {} : { since: momentOf(flags.since, io.now()) }) }
  if (flags.download !== undefined) return download(session, place.deployment, servicesAt(data, place), which, flags.download)
  const query = { tail: Number(flags.tail), follow: flags.follow === true, ...which }
  await Promise.all(servicesAt(data, place).map(async ({ cluster, service }) => {
    for await (const { data: line } of client.stream(deployments.logs, { path: { deployment: place.deployment, cluster, service }, query, finite: true }, io.signal))
      io.out(`${io.colours.cyan(line.instance)} ${line.stream === 'stderr' ? io.colours.yellow(line.line) : line.line}\n`)
  }))
  return EXIT.ok
}

async function download({ client, io }: Session, deployment: string, services: ReturnType<typeof servicesAt>, query: { readonly instance?: string; readonly since?: string }, file: string): Promise<number> {
  const texts: string[] = []
  for (const { cluster, service } of services) texts.push((await client.call(deployments.logFile, { path: { deployment, cluster, service }, query }, io.signal)).data)
  await writeFile(file, texts.join('')).catch(error => { throw new CommandFailure(EXIT.failed, `${file} cannot be written: ${String((error as NodeJS.ErrnoException).code)}`) })
  io.out(`${file}: ${texts.join('').split('\n').length - 1} lines\n`)
  return EXIT.ok
}

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
