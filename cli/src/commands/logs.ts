/** `vamp logs shop/web --follow`: what instances print. `vamp logs --server`: what the server itself logs. */
import { deployments } from '@vamp/model/api/deployments'
import { system } from '@vamp/model/api/system'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { placeOf, servicesAt } from '../place.ts'
import type { Session } from '../session.ts'

export interface LogsFlags { readonly follow?: boolean; readonly tail: string; readonly instance?: string; readonly server?: boolean; readonly level?: string }

export async function logs(session: Session, where: string | undefined, flags: LogsFlags): Promise<number> {
  if (flags.server) return serverLogs(session, flags.level)
  if (where === undefined) throw new CommandFailure(EXIT.usage, 'say of what: vamp logs <deployment>[/<cluster>[/<service>]], or vamp logs --server')
  if (!/^\d+$/.test(flags.tail)) throw new CommandFailure(EXIT.usage, `--tail ${flags.tail} is no number of lines`)
  const { client, io } = session
  const place = placeOf(where)
  const { data } = await client.call(deployments.get, { path: { deployment: place.deployment } }, io.signal)
  const query = { tail: Number(flags.tail), follow: flags.follow === true, ...(flags.instance === undefined ? {} : { instance: flags.instance }) }
  await Promise.all(servicesAt(data, place).map(async ({ cluster, service }) => {
    for await (const { data: line } of client.stream(deployments.logs, { path: { deployment: place.deployment, cluster, service }, query, finite: true }, io.signal))
      io.out(`${io.colours.cyan(line.instance)} ${line.stream === 'stderr' ? io.colours.yellow(line.line) : line.line}\n`)
  }))
  return EXIT.ok
}

async function serverLogs({ client, io }: Session, level: string | undefined): Promise<number> {
  for await (const { data: { timestamp, level: of, message, facts } } of client.stream(system.logs, { query: level === undefined ? {} : { level } }, io.signal))
    io.out(`${io.colours.dim(timestamp.slice(11, 23))} ${of.padEnd(5)} ${message}${facts && Object.keys(facts).length > 0 ? io.colours.dim(` ${JSON.stringify(facts)}`) : ''}\n`)
  return EXIT.ok
}
