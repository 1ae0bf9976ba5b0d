/** Documents from files, directories and the standard input, each examined before anything is sent. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '@vamp/client/api-error'
import { type Body, parseBodies } from '@vamp/model/parse/document'
import { located } from '@vamp/model/parse/locate'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'
import type { Io } from './io.ts'

export interface Document {
  readonly body: Body
  readonly file: string
  /** Of the whole file. */
  readonly text: string
}

const EXTENSION = /\.(ya?ml|json)$/i

/** Everything, or every problem of every file. */
export async function readDocuments(paths: readonly string[], io: Pick<Io, 'stdin'>): Promise<readonly Document[]> {
  const texts = (await Promise.all(paths.map(path => textsOf(path, io)))).flat()
  const problems: string[] = []
  const documents = texts.flatMap(({ file, text }) => {
    const parsed = parseBodies(text)
    if (parsed.is === 'refused') problems.push(describeProblems(parsed.problems, file))
    return parsed.is === 'ok' ? parsed.value.map(body => ({ body, file, text })) : []
  })
  if (problems.length > 0) throw new CommandFailure(EXIT.refused, `nothing was sent\n${problems.join('\n')}`)
  if (documents.length === 0) throw new CommandFailure(EXIT.refused, `${paths.join(', ')}: no documents`)
  return documents
}

interface Text { readonly file: string; readonly text: string }

export async function textsOf(path: string, { stdin }: Pick<Io, 'stdin'>): Promise<readonly Text[]> {
  if (path === '-') return [{ file: 'stdin', text: await stdin() }]
  try {
    if (!(await stat(path)).isDirectory()) return [{ file: path, text: await readFile(path, 'utf8') }]
    const names = (await readdir(path)).filter(name => EXTENSION.test(name)).sort()
    return await Promise.all(names.map(async name => ({ file: join(path, name), text: await readFile(join(path, name), 'utf8') })))
  } catch (error) {
    const { code } = error as { code?: string }
    throw new CommandFailure(code === 'ENOENT' ? EXIT.not_found : EXIT.failed, code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${String(code ?? error)}`)
  }
}

const ORDER = ['breeds', 'scales', 'conditions', 'rewrites', 'routes', 'policies', 'escalations', 'slas', 'templates', 'autoscalers', 'blueprints', 'deployments', 'gateways', 'workflows', 'releases'] as const

/** What is used comes before what uses it; otherwise as written. */
export function inOrder(documents: readonly Document[]): readonly Document[] {
  const rank = ({ body }: Document) => ORDER.indexOf(kindOfBody(body))
  return documents.toSorted((a, b) => rank(a) - rank(b))
}

export function kindOfBody(body: Body): (typeof ORDER)[number] {
  return body.is === 'deployment' ? 'deployments' : body.artifact.kind
}

export function nameOfBody(body: Body): string {
  return body.is === 'deployment' ? body.name : body.artifact.name
}

/** What the server refuses, at its place in the files, as what is found here is. */
export function atTheirPlace(error: unknown, sent: readonly Document[]): unknown {
  if (!(error instanceof ApiError) || error.problems.length === 0) return error
  const lines = error.problems.map(problem => {
    const { document } = problem
    const named = ({ body }: Document, kind: string) => kindOfBody(body) === kind && nameOfBody(body) === document?.name
    // A blueprint stands for the deployment that is made of it.
    const found = document && (sent.find(each => named(each, document.kind)) ?? (document.kind === 'deployments' ? sent.find(each => named(each, 'blueprints')) : undefined))
    const placed = found && located(problem, found.text, { kind: kindOfBody(found.body), name: nameOfBody(found.body) })
    return placed ? describeProblems([placed], found.file) : describeProblems([problem])
  })
  return new CommandFailure(EXIT.refused, `the server refused it, nothing was changed\n${[...new Set(lines)].join('\n')}`)
}

/** One text of many documents. */
export function joined(sources: readonly string[]): string {
  return sources.map(source => source.endsWith('\n') ? source : `${source}\n`).join('---\n')
}
