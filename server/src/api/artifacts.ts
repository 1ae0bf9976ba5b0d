/** Kinds that are stored for others to use. */
import { artifactEndpoints, STATIC_KINDS, type StaticKind } from '@vamp/model/api/artifacts'
import type { Artifact, ArtifactOf } from '@vamp/model/artifact'
import type { Kind } from '@vamp/model/kind'
import { parseArtifact } from '@vamp/model/parse/document'
import type { Draft } from './draft.ts'
import { found } from './found.ts'
import { pageOf, slice } from './paging.ts'
import { referring } from './references.ts'
import { accepted, refuse } from './refused.ts'
import { artifacts, type Call, nothing, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { revisionOf, write } from './write.ts'

export function artifactRoutes(world: World): Route[] {
  return STATIC_KINDS.flatMap(kind => routesOf(world, kind))
}

function routesOf(world: World, kind: StaticKind): Route[] {
  const endpoints = artifactEndpoints(kind)
  return [
    route(endpoints.list, async ({ query }) => {
      const { items, total } = await world.store.list(kind, slice(pageOf(query)))
      const refer = referring(world.store, query)
      return artifacts(await Promise.all(items.map(({ value: artifact }) => refer(artifact))), { total })
    }),
    route(endpoints.get, async ({ path, query }) => {
      const stored = await found(world, kind, path.name)
      return artifacts(await referring(world.store, query)(stored.value), { revision: stored.revision })
    }),
    route(endpoints.create, call => store(world, call, artifactIn(kind, call.body))),
    route(endpoints.put, call => store(world, call, bodyOf(kind, call, call.path.name), 200)),
    route(endpoints.delete, async call => {
      const { written } = await write(world, call, draft => draft.delete(kind, call.path.name, call.expected))
      return written.is === 'planned' ? value(written.plan, { status: 200 }) : nothing
    }),
  ]
}

export function artifactIn<K extends Kind>(kind: K, text: string): ArtifactOf[K] {
  return accepted(parseArtifact(kind, text))
}

/** The body of a `PUT`, whose name must be the one of the path. */
export function namedArtifact<K extends Kind>(kind: K, text: string, name: string): ArtifactOf[K] {
  const artifact = artifactIn(kind, text)
  demandName(artifact.name, name)
  return artifact
}

export function demandName(found: string, given: string): void {
  if (found !== given) refuse('InconsistentArtifactName', `Inconsistent name: given '${given}' but found '${found}'.`, 'name')
}

/** A script sent as what it is becomes a breed. */
function bodyOf<K extends StaticKind>(kind: K, { body, contentType }: Pick<Call, 'contentType'> & { body: string }, name: string): ArtifactOf[StaticKind] {
  if (kind !== 'breeds' || !/^application\/javascript\b/i.test(contentType)) return namedArtifact(kind, body, name)
  return artifactIn('breeds', JSON.stringify({ name, deployable: { type: 'application/javascript', definition: body } }))
}

async function store(world: World, call: Pick<Call, 'who' | 'expected'> & { readonly query: object; readonly body: string }, artifact: ArtifactOf[StaticKind], status?: number): Promise<Reply> {
  const { result, written } = await write(world, call, draft => keep(draft, artifact, call.expected, call.body))
  return written.is === 'planned' ? value(written.plan, { status: 200 })
    : artifacts(result, { ...revisionOf(written, artifact.name), ...(status === undefined ? {} : { status }) })
}

/** A blueprint brings the breeds that it holds inline; they can be used by their names from then on. */
export async function keep(draft: Draft, artifact: Artifact, expected: Call['expected'], source: string): Promise<readonly Artifact[]> {
  const breeds = artifact.kind === 'blueprints' ? artifact.clusters.flatMap(({ services }) => services.flatMap(({ breed }) => breed.is === 'inline' ? [breed.value] : [])) : []
  for (const breed of breeds) await draft.put('breeds', breed, 'any', source)
  await draft.put(artifact.kind, artifact, expected, source)
  return [...breeds, artifact]
}

