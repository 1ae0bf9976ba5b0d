/** `vamp explain shop/web`: why its services have the size they have. */
import { ApiError } from '@vamp/client/api-error'
import { deployments } from '@vamp/model/api/deployments'
import { releases } from '@vamp/model/api/releases'
import { type SizeExplained, scaling } from '@vamp/model/api/scaling'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import { placeOf } from '../place.ts'
import type { Session } from '../session.ts'

export async function explain({ client, io }: Session, where: string, flags: { readonly output?: string }): Promise<number> {
  const form = formOf(flags.output)
  const { deployment, cluster: named, service } = placeOf(where)
  const cluster = named ?? await onlyCluster({ client, io }, deployment)
  const { data } = await client.call(scaling.explain, { path: { deployment, cluster } }, io.signal)
  const shown = data.filter(each => service === undefined || each.service === service)
  io.out(form === 'json' || form === 'yaml' ? asData(shown, form) : shown.map(each => text(each, io)).join(''))
  return EXIT.ok
}

async function onlyCluster({ client, io }: Pick<Session, 'client' | 'io'>, deployment: string): Promise<string> {
  const { data } = await client.call(deployments.get, { path: { deployment } }, io.signal).catch(async (error: unknown) => {
    const release = error instanceof ApiError && error.status === 404 && await client.call(releases.get, { path: { name: deployment } }, io.signal).catch(() => undefined)
    throw release ? new CommandFailure(EXIT.not_found, `there is no deployment '${deployment}', but a release\n  → why it is where it is: vamp release status ${deployment}`) : error
  })
  const [cluster, ...more] = Object.keys(data.clusters)
  if (cluster === undefined) throw new CommandFailure(EXIT.not_found, `the deployment ${deployment} has no clusters`)
  if (more.length > 0) throw new CommandFailure(EXIT.usage, `which cluster of ${deployment}? write ${[cluster, ...more].map(name => `${deployment}/${name}`).join(' or ')}`)
  return cluster
}

function text({ service, sentence, ready, instances, autoscaler, sla, changed }: SizeExplained, { colours }: Io): string {
  const lines = [
    `${colours.bold(service)}: ${sentence}`,
    ...(ready === instances ? [] : [`  ${ready} of ${instances} ready`]),
    ...(autoscaler === undefined ? [] : [`  kept by autoscaler ${autoscaler}`]),
    ...(sla ? [`  SLA: ${sla.sentence}`] : []),
    ...(changed && autoscaler !== undefined ? [`  last changed ${changed.at.slice(0, 19).replace('T', ' ')} from ${changed.from} to ${changed.to} by ${changed.by}: ${changed.sentence}`] : []),
  ]
  return lines.map(line => `${line}\n`).join('')
}
