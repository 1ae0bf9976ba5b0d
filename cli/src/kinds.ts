/** The words under which things are asked for, and how. */
import { staticArtifacts } from '@vamp/model/api/artifacts'
import { deployments } from '@vamp/model/api/deployments'
import { gateways } from '@vamp/model/api/gateways'
import { nodes } from '@vamp/model/api/nodes'
import { releases } from '@vamp/model/api/releases'
import { tokens } from '@vamp/model/api/tokens'
import { workflows } from '@vamp/model/api/workflows'
import { type Kind, KINDS, kindOf, singular } from '@vamp/model/kind'
import { nearest } from '@vamp/model/parse/near'
import type { Session } from './session.ts'
import { CommandFailure } from './failure.ts'
import { EXIT } from './exit-code.ts'

/** What has no artifact of its own. */
export type Listed = Kind | (typeof OTHERS)[number]
const OTHERS = ['instances', 'nodes', 'tokens'] as const
const isOther = (kind: Listed): kind is (typeof OTHERS)[number] => OTHERS.some(other => other === kind)

/** `deploy` and `gw` would be guesses; a kind is a word of the language, in singular or plural. */
export function listedOf(word: string): Listed {
  const lower = word.toLowerCase()
  const found = kindOf(lower) ?? OTHERS.find(other => other === lower || other === `${lower}s`)
  if (!found) throw new CommandFailure(EXIT.usage, `there is no kind '${word}'${hintFor(lower)}`)
  return found
}

/** What begins so, or else what is written almost so. */
function hintFor(word: string): string {
  const all = [...KINDS, ...OTHERS]
  const beginning = all.filter(kind => kind.startsWith(word))
  const near = beginning.length > 0 ? beginning.join(' or ') : nearest(word, all)
  if (near !== undefined) return `\n  → did you mean ${near}?`
  return `${word === 'all' ? ', one kind is shown at a time' : ''}; there are ${all.join(', ')}${word === 'all' ? '\n  → vamp get deployments shows what runs, vamp top what goes on' : ''}`
}

export function artifactKind(word: string): Kind {
  const kind = listedOf(word)
  if (isOther(kind)) throw new CommandFailure(EXIT.usage, `${kind} are no artifacts`)
  return kind
}

export type Row = Readonly<Record<string, unknown>> & { readonly name: string }

/** All of them, in order of name. */
export async function listAll({ client, io }: Session, kind: Listed): Promise<readonly Row[]> {
  switch (kind) {
    case 'deployments': return await client.all(deployments.list, {}, io.signal) as unknown as readonly Row[]
    case 'gateways': return await client.all(gateways.list, {}, io.signal) as unknown as readonly Row[]
    case 'workflows': return await client.all(workflows.list, {}, io.signal)
    case 'releases': return await client.all(releases.list, {}, io.signal)
    case 'instances': return await client.all(deployments.instances, {}, io.signal) as unknown as readonly Row[]
    case 'tokens': return (await client.call(tokens.list, {}, io.signal)).data
    case 'nodes': return (await client.call(nodes.list, {}, io.signal)).data
    default: return client.all(staticArtifacts[kind].list, {}, io.signal)
  }
}

export async function readOne({ client, io }: Session, kind: Listed, name: string): Promise<Row> {
  switch (kind) {
    case 'deployments': return (await client.call(deployments.get, { path: { deployment: name } }, io.signal)).data as unknown as Row
    case 'gateways': return (await client.call(gateways.get, { path: { gateway: name } }, io.signal)).data as unknown as Row
    case 'workflows': return (await client.call(workflows.get, { path: { name } }, io.signal)).data
    case 'releases': return (await client.call(releases.get, { path: { name } }, io.signal)).data
    case 'instances': case 'nodes': case 'tokens': {
      const found = (await listAll({ client, io } as Session, kind)).find(row => row.name === name)
      if (!found) throw new CommandFailure(EXIT.not_found, `There is no ${kind.slice(0, -1)} '${name}'.`)
      return found
    }
    default: return (await client.call(staticArtifacts[kind].get, { path: { name } }, io.signal)).data
  }
}

export async function removeOne({ client, io }: Session, kind: Listed, name: string): Promise<void> {
  switch (kind) {
    case 'deployments': await client.call(deployments.delete, { path: { deployment: name }, query: { all: true } }, io.signal); return
    case 'gateways': await client.call(gateways.delete, { path: { gateway: name } }, io.signal); return
    case 'workflows': await client.call(workflows.delete, { path: { name } }, io.signal); return
    case 'releases': await readOne({ client, io } as Session, kind, name); await client.call(releases.delete, { path: { name } }, io.signal); return
    case 'tokens': await client.call(tokens.revoke, { path: { name } }, io.signal); return
    case 'nodes': throw new CommandFailure(EXIT.usage, 'a node is not deleted from here; vamp node drain empties it')
    case 'instances': throw new CommandFailure(EXIT.usage, 'an instance cannot be deleted: its service would start another; vamp instance end does that, and vamp scale changes how many there are')
    default: await readOne({ client, io } as Session, kind, name); await client.call(staticArtifacts[kind].delete, { path: { name } }, io.signal)
  }
}

export function word(kind: Listed): string {
  return isOther(kind) ? kind.slice(0, -1) : singular(kind)
}

