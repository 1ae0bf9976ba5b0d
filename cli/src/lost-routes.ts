/** Routes of gateways into a deployment that is in the same files, and has no such cluster, version or port there. What is not in the files may be on the server. */
import type { Blueprint, Cluster } from '@vamp/model/blueprint'
import type { Breed } from '@vamp/model/breed'
import { slipOf } from '@vamp/model/parse/near'
import type { Body } from '@vamp/model/parse/document'

/** In words, one for each. */
export function lostRoutes(bodies: readonly Body[]): readonly string[] {
  const deployments = new Map(bodies.flatMap(blueprintOf).map(blueprint => [blueprint.name, blueprint]))
  const breeds = new Map(bodies.flatMap(body => body.is === 'artifact' && body.artifact.kind === 'breeds' ? [[body.artifact.name, body.artifact] as const] : []))
  return bodies.flatMap(body => body.is === 'artifact' && body.artifact.kind === 'gateways' ? [body.artifact] : []).flatMap(gateway => gateway.routes.flatMap(({ path }) => {
    const [name = '', ...parts] = path.split('/')
    const deployment = deployments.get(name)
    if (!deployment || parts.length < 2) return []
    const there = placesOf(deployment, breeds).filter(place => place.split('/').length === parts.length + 1)
    if (there.some(place => place === path || (place.endsWith('/*') && path.startsWith(place.slice(0, -1))))) return []
    const meant = slipOf(path, there)
    return [`gateway ${gateway.name}: route '${path}' leads to nothing that ${name} has in these files${meant === undefined ? '' : `; did you mean '${meant}'?`}`]
  }))
}

function blueprintOf(body: Body): Blueprint[] {
  if (body.is === 'deployment') return body.body.is === 'blueprint' ? [body.body.blueprint] : []
  return body.artifact.kind === 'blueprints' ? [body.artifact] : []
}

/** `shop/web/http` and `shop/web/web:1.0/http`; `*` for the port where a breed is not in the files. */
function placesOf({ name, clusters }: Blueprint, breeds: ReadonlyMap<string, Breed>): readonly string[] {
  return clusters.flatMap((cluster: Cluster) => cluster.services.flatMap(({ breed }) => {
    const known = breed.is === 'inline' ? breed.value : breeds.get(breed.reference)
    const version = breed.is === 'inline' ? breed.value.name : breed.reference
    const ports = known ? known.ports.map(port => port.name) : ['*']
    return ports.flatMap(port => [`${name}/${cluster.name}/${port}`, `${name}/${cluster.name}/${version}/${port}`])
  }))
}
