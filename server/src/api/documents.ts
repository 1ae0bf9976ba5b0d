/** Many documents in one body: all of them are stored, or none. Later ones see the earlier ones. */
import { documents } from '@vamp/model/api/documents'
import type { Artifact } from '@vamp/model/artifact'
import { isName } from '@vamp/model/name'
import { parseCompose } from '@vamp/model/parse/compose'
import { type Body, parseBodies } from '@vamp/model/parse/document'
import { printYaml } from '@vamp/model/print/yaml'
import { keep } from './artifacts.ts'
import { deploy, undeploy, undeployAll } from './deploy.ts'
import type { Draft } from './draft.ts'
import { putGateway, removeGateway } from './gateways.ts'
import { accepted, inDocument, refuse } from './refused.ts'
import { putRelease, removeRelease } from './releases.ts'
import { artifacts, type Call, type Reply, type Route, route, value } from './route.ts'
import { putWorkflow } from './workflows.ts'
import type { World } from './world.ts'
import { notesOf, write } from './write.ts'

type DocumentsCall = Call<typeof documents.put>

export function documentRoutes(world: World): Route[] {
  const store = (call: DocumentsCall) => carryOut(world, call, (draft, body) => put(world, draft, body))
  return [
    route(documents.put, store),
    route(documents.create, call => store(call)),
    route(documents.compose, call => importCompose(world, call)),
    route(documents.delete, call => carryOut(world, call, (draft, body) => remove(world, draft, body))),
  ]
}

async function carryOut(world: World, call: Pick<DocumentsCall, 'who' | 'expected' | 'query' | 'body'>, each: (draft: Draft, body: Body) => Promise<readonly Artifact[]>): Promise<Reply> {
  const bodies = accepted(parseBodies(call.body))
  const { result, written } = await write(world, call, async draft => {
    const done: Artifact[] = []
    for (const body of bodies) done.push(...await inDocument(nameOf(body), () => each(draft, body)))
    return done
  })
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : artifacts(result, notesOf(written))
}

const nameOf = (body: Body) => body.is === 'deployment' ? { kind: 'deployments', name: body.name } : { kind: body.artifact.kind, name: body.artifact.name }

/** Comments first, then the blueprint: the answer can be kept as a file. */
async function importCompose(world: World, call: Call<typeof documents.compose>): Promise<Reply> {
  const { name } = call.query
  if (!isName(name)) refuse('IllegalName', `Illegal name or reference - white space characters, '/', '[' and ']' are not allowed: ${name}`, 'name')
  const { blueprint, comments } = accepted(parseCompose(name, call.body))
  const { written } = await write(world, call, draft => keep(draft, blueprint, call.expected, call.body))
  return written.is === 'planned' ? value(written.plan, { status: 200 }) : { is: 'text', text: `${comments.map(comment => `# ${comment.replaceAll(/\s+/g, ' ')}\n`).join('')}${printYaml(blueprint)}` }
}

async function put(world: World, draft: Draft, body: Body): Promise<readonly Artifact[]> {
  const { source } = body
  if (body.is === 'deployment') return [await deploy(draft, { name: body.name, body: body.body, expected: 'any', source, world })]
  const { artifact } = body
  switch (artifact.kind) {
    case 'gateways': return [await putGateway(draft, artifact, 'any', source)]
    case 'releases': await putRelease(world, draft, artifact, 'any', source); return [artifact]
    case 'workflows': await putWorkflow(draft, artifact, 'any', source); return [artifact]
    default: return keep(draft, artifact, 'any', source)
  }
}

/** A deployment that is only named goes whole; one with a body loses the services of the body. */
async function remove(world: World, draft: Draft, body: Body): Promise<readonly Artifact[]> {
  if (body.is === 'deployment') {
    const { name, source } = body
    return [body.body.is === 'reference' ? await undeployAll(draft, name, 'any') : await undeploy(draft, { name, body: body.body, expected: 'any', source })]
  }
  const { kind, name } = body.artifact
  switch (kind) {
    case 'gateways': return [await removeGateway(draft, name, 'any')]
    case 'releases': await removeRelease(world, draft, name, 'any'); return [body.artifact]
    default: await draft.delete(kind, name, 'any', body.source); return [body.artifact]
  }
}
