/** `vamp scale shop/web 3`: so many instances of every version there, or of the one that is named. */
import { deployments } from '@vamp/model/api/deployments'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { placeOf, servicesAt } from '../place.ts'
import type { Session } from '../session.ts'

export interface ScaleFlags { readonly cpu?: string; readonly memory?: string; readonly warm?: string }

export async function scale({ client, io }: Session, where: string, count: string | undefined, { cpu, memory, warm }: ScaleFlags): Promise<number> {
  if (count !== undefined && !/^\d+$/.test(count)) throw new CommandFailure(EXIT.usage, `'${count}' is no number of instances`)
  if (warm !== undefined && !/^\d+$/.test(warm)) throw new CommandFailure(EXIT.usage, `--warm ${warm} is no number of instances`)
  if ([count, cpu, memory, warm].every(given => given === undefined)) throw new CommandFailure(EXIT.usage, 'say how large: a number of instances, --cpu, --memory or --warm')
  const place = placeOf(where)
  const { data } = await client.call(deployments.get, { path: { deployment: place.deployment } }, io.signal)
  const body = { ...(count === undefined ? {} : { instances: Number(count) }), ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }), ...(warm === undefined ? {} : { warm: Number(warm) }) }
  for (const { cluster, service } of servicesAt(data, place)) {
    const { data: now } = await client.call(deployments.putScale, { path: { deployment: place.deployment, cluster, service }, body }, io.signal)
    io.out(`${io.colours.bold(`${place.deployment}/${cluster}/${service}`)} becomes ${String(now['instances'])} × ${String(now['cpu'])} cores, ${String(now['memory'])}${Number(now['warm'] ?? 0) > 0 ? `, and ${String(now['warm'])} warm` : ''}\n`)
  }
  return EXIT.ok
}
