/** `vamp health`: whether the server is ready. `vamp health shop/web`: how well what runs there is, from 0 to 1. Exit code 0 only if all is well. */
import { ApiError } from '@vamp/client/api-error'
import { health as endpoints, type Ready } from '@vamp/model/api/system'
import { EXIT } from '../exit-code.ts'
import { demandExisting, gatewayNamed } from '../existing.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { placeOf } from '../place.ts'
import type { Session } from '../session.ts'

export interface HealthFlags { readonly gateway?: string; readonly route?: string; readonly instance?: string }

export async function health(session: Session, where: string | undefined, flags: HealthFlags): Promise<number> {
  const { io } = session
  if (where === undefined && flags.gateway === undefined) {
    if (flags.route !== undefined || flags.instance !== undefined) throw new CommandFailure(EXIT.usage, 'a route goes with --gateway, an instance with deployment/cluster/service')
    return tellReady(await readiness(session), io)
  }
  const value = await measuredHealth(session, where, flags).catch(async error => {
    const { gateway, instance } = flags
    const isMissing = error instanceof ApiError && error.status === 404
    const named = isMissing && gateway === undefined && instance === undefined ? await gatewayNamed(session, where ?? '') : undefined
    if (named) return await measuredHealth(session, undefined, { ...flags, ...named })
    if (isMissing) await demandExisting(session, gateway === undefined ? { ...placeOf(where ?? ''), ...(instance === undefined ? {} : { instance }) } : { gateway })
    throw error
  })
  io.out(`${value}\n`)
  return value === 1 ? EXIT.ok : EXIT.failed
}

/** A server that is not ready says so with its parts, and without success. */
async function readiness({ client, io }: Session): Promise<Ready> {
  try {
    return (await client.call(endpoints.ready, {}, io.signal)).data
  } catch (error) {
    if (error instanceof ApiError && error.status === 503 && typeof error.body === 'object' && error.body !== null && 'parts' in error.body) return error.body as Ready
    throw error
  }
}

function tellReady({ ready, parts }: Ready, { out, colours }: Io): number {
  for (const [part, state] of Object.entries(parts)) out(`${part} ${state === 'ok' ? colours.green(state) : colours.red(state)}\n`)
  out(ready ? 'ready\n' : `${colours.red('not ready')}\n`)
  return ready ? EXIT.ok : EXIT.failed
}

async function measuredHealth({ client, io }: Session, where: string | undefined, { gateway, route, instance }: HealthFlags): Promise<number> {
  const { signal } = io
  if (gateway !== undefined) return (await (route === undefined ? client.call(endpoints.gateway, { path: { gateway } }, signal) : client.call(endpoints.route, { path: { gateway, route } }, signal))).data
  const { deployment, cluster, service } = placeOf(where ?? '')
  if (instance !== undefined && service === undefined) throw new CommandFailure(EXIT.usage, `--instance goes with its version: ${deployment}/<cluster>/<service>`)
  if (cluster === undefined) return (await client.call(endpoints.deployment, { path: { deployment } }, signal)).data
  if (service === undefined) return (await client.call(endpoints.cluster, { path: { deployment, cluster } }, signal)).data
  if (instance === undefined) return (await client.call(endpoints.service, { path: { deployment, cluster, service } }, signal)).data
  return (await client.call(endpoints.instance, { path: { deployment, cluster, service, instance } }, signal)).data
}
