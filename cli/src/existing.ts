/** Nothing was measured: either nothing happened, or there is no such thing. */
import { ApiError } from '@vamp/client/api-error'
import { deployments } from '@vamp/model/api/deployments'
import { gateways } from '@vamp/model/api/gateways'
import { readOne } from './kinds.ts'
import { type Place, servicesAt } from './place.ts'
import type { Session } from './session.ts'

/** The gateway that a text names where it names no place that there is; `shop/9050` is a gateway's name and reads as a cluster's. */
export async function gatewayNamed({ client, io }: Session, text: string): Promise<{ readonly gateway: string } | undefined> {
  try {
    await client.call(gateways.get, { path: { gateway: text } }, io.signal)
    return { gateway: text }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** Says of what is not there that it is not. */
export async function demandExisting(session: Session, { gateway, instance, ...place }: Partial<Place> & { readonly gateway?: string; readonly instance?: string }): Promise<void> {
  const { client, io } = session
  if (gateway !== undefined) await client.call(gateways.get, { path: { gateway } }, io.signal)
  const { deployment } = place
  if (deployment !== undefined) {
    const { data } = await client.call(deployments.get, { path: { deployment } }, io.signal)
    if (place.cluster !== undefined) servicesAt(data, { ...place, deployment })
  }
  if (instance !== undefined) await readOne(session, 'instances', instance)
}
