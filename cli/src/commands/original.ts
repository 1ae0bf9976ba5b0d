/** The verbs of the original's command line: `create`, `merge`, `inspect`, `emit`, `generate`, `update-gateway`, `info`. */
import { type ArtifactJson, staticArtifacts } from '@vamp/model/api/artifacts'
import { deployments } from '@vamp/model/api/deployments'
import { documents } from '@vamp/model/api/documents'
import { events } from '@vamp/model/api/events'
import { gateways } from '@vamp/model/api/gateways'
import { system } from '@vamp/model/api/system'
import { singular } from '@vamp/model/kind'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { textsOf } from '../files.ts'
import { artifactKind, listedOf, readOne } from '../kinds.ts'
import { asData, formOf } from '../output.ts'
import { jsonOrText } from '../plain-value.ts'
import type { Session } from '../session.ts'

export async function create(session: Session, word: string, { file, stdin }: { readonly file?: string; readonly stdin?: boolean }): Promise<number> {
  const { client, io } = session
  if ((file === undefined) === (stdin !== true)) throw new CommandFailure(EXIT.usage, 'say where it is written: either --file <file> or --stdin')
  const kind = artifactKind(word)
  const [{ text } = { text: '' }] = await textsOf(file ?? '-', io)
  // The kind is in the command; a text that says it as well is as good.
  const body = /^\s*["']?kind["']?\s*:/m.test(text) ? text : `kind: ${singular(kind)}\n${text}`
  const { changes } = await client.plan(documents.put, { body }, io.signal)
  const strange = changes.find(change => change.kind !== kind)
  if (strange) throw new CommandFailure(EXIT.refused, `this is a ${strange.kind.replace(/s$/, '')}, no ${singular(kind)}; nothing was stored`)
  await client.call(documents.put, { body }, io.signal)
  for (const { name } of changes) io.out(asData(await readOne(session, kind, name), 'yaml'))
  return EXIT.ok
}

export async function merge({ client, io }: Session, blueprint: string, deployment: string): Promise<number> {
  const { data } = await client.call(staticArtifacts.blueprints.get, { path: { name: blueprint } }, io.signal)
  await client.call(deployments.put, { path: { deployment }, body: data }, io.signal)
  io.out(`blueprint ${io.colours.bold(blueprint)} is being merged into ${io.colours.bold(deployment)}; vamp get deployments --watch\n`)
  return EXIT.ok
}

export async function inspect(session: Session, word: string, name: string, flags: { readonly as_blueprint?: boolean; readonly json?: boolean; readonly output?: string }): Promise<number> {
  const kind = listedOf(word)
  const form = flags.json ? 'json' : formOf(flags.output ?? 'yaml')
  const row = kind === 'deployments' && flags.as_blueprint
    ? (await session.client.call(deployments.get, { path: { deployment: name }, query: { as_blueprint: true } }, session.io.signal)).data
    : await readOne(session, kind, name)
  session.io.out(form === 'name' ? `${kind.replace(/s$/, '')}/${name}\n` : asData(row, form))
  return EXIT.ok
}

export async function emit({ client, io }: Session, value: string, { tags, type }: { readonly tags?: string; readonly type: string }): Promise<number> {
  await client.call(events.publish, { body: { type, tags: (tags ?? '').split(',').map(tag => tag.trim()).filter(Boolean), value: jsonOrText(value) } }, io.signal)
  io.out('the event is stored\n')
  return EXIT.ok
}

export async function generateBreed({ client, io }: Session, { source, deployable, target }: { readonly source: string; readonly deployable?: string; readonly target: string }): Promise<number> {
  const { data } = await client.call(staticArtifacts.breeds.get, { path: { name: source } }, io.signal)
  const before = data['deployable']
  io.out(asData(document(data, target, deployable === undefined ? {} : { deployable: typeof before === 'object' && before !== null ? { ...before, definition: deployable } : deployable }), 'yaml'))
  return EXIT.ok
}

export async function generateBlueprint({ client, io }: Session, { source, cluster, breed, target }: { readonly source: string; readonly cluster: string; readonly breed: string; readonly target: string }): Promise<number> {
  const { data } = await client.call(staticArtifacts.blueprints.get, { path: { name: source } }, io.signal)
  const clusters = data['clusters'] as Readonly<Record<string, { readonly services: readonly object[] }>>
  const before = clusters[cluster]
  if (!before) throw new CommandFailure(EXIT.not_found, `the blueprint ${source} has no cluster ${cluster}; it has ${Object.keys(clusters).join(', ')}`)
  io.out(asData(document(data, target, { clusters: { ...clusters, [cluster]: { ...before, services: [{ ...before.services[0], breed }] } } }), 'yaml'))
  return EXIT.ok
}

/** Under another name, ready for `vamp create`. */
function document({ kind: _, name: __, metadata: ___, ...fields }: ArtifactJson, name: string, changed: object): object {
  return { name, ...fields, ...changed }
}

export interface UpdateFlags { readonly weights?: string; readonly condition?: string; readonly route?: string; readonly strength?: string }

export async function updateGateway({ client, io }: Session, name: string, flags: UpdateFlags): Promise<number> {
  if ((flags.weights === undefined) === (flags.condition === undefined)) throw new CommandFailure(EXIT.usage, 'say either --weights, or --condition and --route')
  if (flags.condition !== undefined && flags.route === undefined) throw new CommandFailure(EXIT.usage, 'say which --route gets the condition')
  const { data, etag } = await client.call(gateways.get, { path: { gateway: name } }, io.signal)
  const { state: _, ...body } = data
  const wanted = flags.weights === undefined ? new Map([[flags.route ?? '', condition(flags)]]) : weightsOf(flags.weights)
  const routes: readonly object[] = Array.isArray(data.routes) ? data.routes : [data.routes]
  const known = routes.flatMap(map => Object.keys(map))
  const strange = [...wanted.keys()].find(route => !known.includes(route))
  if (strange !== undefined) throw new CommandFailure(EXIT.refused, `the gateway ${name} has no route ${strange}; it has ${known.join(', ')}`)
  const changed = routes.map(map => Object.fromEntries(Object.entries(map).map(([route, settings]) => [route, { ...settings as object, ...wanted.get(route) }])))
  await client.call(gateways.put, { path: { gateway: name }, body: { ...body, routes: Array.isArray(data.routes) ? changed : changed[0] }, ...(etag === undefined ? {} : { expected: etag }) }, io.signal)
  io.out(`gateway ${io.colours.bold(name)} is being changed\n`)
  return EXIT.ok
}

function condition({ condition: text, strength }: UpdateFlags): object {
  if (text === 'null') return { condition: null, condition_strength: null }
  return { condition: text, ...(strength === undefined ? {} : { condition_strength: strength.endsWith('%') ? strength : `${strength}%` }) }
}

/** `a@70%,b@30%` */
function weightsOf(text: string): ReadonlyMap<string, object> {
  return new Map(text.split(',').map(part => {
    const [, route, weight] = /^\s*(.+)@(\d+(?:\.\d+)?)%?\s*$/.exec(part) ?? []
    if (route === undefined) throw new CommandFailure(EXIT.usage, `'${part}' is no weight such as shop/web/web:1.0/http@70%`)
    return [route, { weight: `${weight}%` }] as const
  }))
}

export async function info({ client, io }: Session, { output }: { readonly output?: string }): Promise<number> {
  const form = formOf(output ?? 'yaml')
  io.out(asData((await client.call(system.info, {}, io.signal)).data, form))
  return EXIT.ok
}
