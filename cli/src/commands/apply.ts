/** `vamp apply -f shop.yml`: everything in the files, or nothing if one document is wrong. A blueprint is stored and deployed. */
import type { Change } from '@vamp/model/api/change'
import { documents } from '@vamp/model/api/documents'
import { kindOf, singular } from '@vamp/model/kind'
import { durationOf } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { atTheirPlace, type Document, inOrder, joined, kindOfBody, nameOfBody, readDocuments } from '../files.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { waitForDeployments } from '../wait.ts'
import { changeLines } from '../change-lines.ts'
import { wrap } from '../wrap.ts'

export interface ApplyFlags {
  readonly file: readonly string[]
  /** False with `--no-deploy`. */
  readonly deploy: boolean
  readonly plan?: boolean
  readonly wait?: boolean
  readonly timeout: string
  readonly output?: string
}

export async function apply(session: Session, flags: ApplyFlags): Promise<number> {
  const { client, io } = session
  const form = formOf(flags.output)
  const patience = flags.wait ? durationOf(flags.timeout, '--timeout') : 0
  const ordered = inOrder(await readDocuments(flags.file, io))
  const body = textOf(ordered, flags.deploy)
  const placed = (error: unknown): never => { throw atTheirPlace(error, ordered) }
  const { changes } = await client.plan(documents.put, { body }, io.signal).catch(placed)
  if (flags.plan) {
    io.out(form === 'table' ? changes.map(change => changeLines(follows(change, changes) ? { ...change, before: undefined, after: undefined } : change, io.colours)).join('') : asData({ changes }, form))
    return EXIT.ok
  }
  const { data } = await client.call(documents.put, { body }, io.signal).catch(placed)
  if (form === 'json' || form === 'yaml') io.out(asData(data, form))
  else tell(changes, io)
  const deployments = [...new Set(changes.flatMap(({ kind, name }) => kind === 'deployments' ? [name] : []))]
  return flags.wait ? waitForDeployments(session, deployments, patience) : EXIT.ok
}

/** What a blueprint of the same files makes says nothing that the blueprint does not say. */
function follows({ do: verb, kind, name }: Change, changes: readonly Change[]): boolean {
  const [first = ''] = name.split('/')
  return verb === 'create' && (kind === 'deployments' || (kind === 'gateways' && first !== name)) && ['blueprints', 'deployments'].every(other => changes.some(each => each.kind === other && each.name === first && each.do === 'create'))
}

/** Deployments go before the gateways and releases that need them, so blueprints bring theirs along. */
function textOf(ordered: readonly Document[], deploy: boolean): string {
  const named = new Set(ordered.flatMap(({ body }) => body.is === 'deployment' ? [body.name] : []))
  return joined(ordered.flatMap(({ body }) => {
    const own = kindOfBody(body) === 'blueprints' && deploy && !named.has(nameOfBody(body))
    return own ? [body.source, `kind: deployments\nname: ${JSON.stringify(nameOfBody(body))}\n`] : [body.source]
  }))
}

const DONE = { create: 'created', update: 'changed', delete: 'removed', keep: 'unchanged' } as const

function tell(changes: readonly Change[], { out, colours, columns, terminal }: Io): void {
  for (const { do: verb, kind, name, note } of changes) {
    const known = kindOf(kind)
    out(`${known ? singular(known) : kind} ${colours.bold(name)} ${verb === 'keep' ? colours.dim(DONE[verb]) : DONE[verb]}\n${note === undefined ? '' : wrap(note, terminal ? columns - 2 : Number.POSITIVE_INFINITY).map(line => `  ${colours.yellow(line)}\n`).join('')}`)
  }
}
