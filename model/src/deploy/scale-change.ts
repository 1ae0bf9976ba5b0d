/** Another size for one service of a deployment. */
import type { Deployment } from '../deployment.ts'
import { type Parsed, ok, refused } from '../problem.ts'
import type { Scale } from '../scale.ts'

export interface ScaleChange {
  readonly cluster: string
  /** Breed name. */
  readonly service: string
  readonly scale: Scale
}

export function changeScale(deployment: Deployment, { cluster, service, scale }: ScaleChange): Parsed<Deployment> {
  const found = deployment.clusters.find(({ name }) => name === cluster)?.services.some(({ breed }) => breed.name === service)
  if (!found) return refused({ code: 'ArtifactNotFound', message: `Artifact cannot be found: '${deployment.name}/${cluster}/${service}'.`, path: `clusters/${cluster}/services/${service}` })
  return ok({
    ...deployment,
    clusters: deployment.clusters.map(each => each.name !== cluster ? each : {
      ...each, services: each.services.map(other => other.breed.name === service ? { ...other, scale: { ...scale, name: '' } } : other),
    }),
  })
}
