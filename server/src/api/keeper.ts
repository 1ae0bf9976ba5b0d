/** Which autoscaler keeps a service at its size, if one does: what a person orders beside it is undone. */
import type { Autoscaler } from '@vamp/model/autoscaler'
import { Fault } from '@vamp/model/fault'
import type { World } from './world.ts'

export interface Kept { readonly deployment: string; readonly cluster: string; readonly service: string }

export async function keeperOf({ store, scaling }: Pick<World, 'store' | 'scaling'>, kept: Kept): Promise<Autoscaler | undefined> {
  const { items } = await store.list('autoscalers')
  return items.find(({ name, value }) => value.mode === 'act' && keeps(value, kept) && scaling.status(name)?.problem === undefined)?.value
}

const keeps = (autoscaler: Autoscaler, { deployment, cluster, service }: Kept) => autoscaler.deployment === deployment && autoscaler.cluster === cluster && (autoscaler.service === undefined || autoscaler.service === service)

export function undone({ name, minimum, maximum }: Autoscaler, { deployment, cluster, service }: Kept): Fault {
  return new Fault('conflict', `The autoscaler '${name}' keeps ${deployment}/${cluster}/${service} between ${minimum} and ${maximum} instances and would undo it. Change its minimum or maximum, or pause it with 'mode: shadow', and scale then: vamp get autoscaler ${name} -o yaml, change it, vamp apply -f.`, { autoscaler: name, minimum, maximum })
}
