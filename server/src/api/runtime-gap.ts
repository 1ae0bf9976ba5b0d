/** What the container driver of this server never runs is refused when it is deployed, with the way out. */
import type { Deployment } from '@vamp/model/deployment'
import type { Problem } from '@vamp/model/problem'
import { deployableGap } from '../container/deployable-gap.ts'
import type { Draft } from './draft.ts'
import { Refused } from './refused.ts'
import type { World } from './world.ts'

/** Throws `Refused`. Services that are deployed already, as by a server with another driver, are not asked about. */
export async function demandRunnable({ containers, store }: Pick<World, 'containers' | 'store'>, draft: Draft): Promise<void> {
  const problems: Problem[] = []
  for (const write of draft.writes) {
    if (write.do !== 'put' || write.kind !== 'deployments') continue
    const before = (await store.get('deployments', write.name))?.value
    const there = new Set(before ? servicesOf(before).map(keyOf) : [])
    for (const service of servicesOf(write.value as Deployment)) {
      const gap = there.has(keyOf(service)) ? undefined : deployableGap(containers, service.type)
      if (gap !== undefined) problems.push({ code: 'UnsupportedByRuntimeError', message: `Service '${service.service}' of cluster '${service.cluster}' would never run: ${gap}.`, path: `clusters/${service.cluster}`, document: { kind: 'deployments', name: write.name } })
    }
  }
  if (problems.length > 0) throw new Refused(problems)
}

interface Named { readonly cluster: string; readonly service: string; readonly type: string | undefined }

const keyOf = ({ cluster, service, type }: Named) => JSON.stringify([cluster, service, type])

function servicesOf({ clusters }: Deployment): readonly Named[] {
  return clusters.flatMap(({ name, services }) => services.flatMap(({ breed, intention }) =>
    intention === 'Deployment' ? [{ cluster: name, service: breed.name, type: breed.deployable.type }] : []))
}
