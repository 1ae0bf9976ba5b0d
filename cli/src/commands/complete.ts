/** What may stand next on a command line: verbs and flags from the program itself, names from the server. */
import { deployments } from '@vamp/model/api/deployments'
import { KINDS, singular } from '@vamp/model/kind'
import type { Argument, Command, Option } from 'commander'
import { chosenContext, readContexts } from '../contexts.ts'
import { EXIT } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { listAll, listedOf } from '../kinds.ts'
import { type Environment, readOptions } from '../options.ts'
import { openSession, type Session } from '../session.ts'

interface Candidate { readonly word: string; readonly means?: string }

/** The shell completes file names itself. */
const FILES: Candidate = { word: ':files' }
const PATIENCE_MS = 1500

/** The last word is the one that is being written. Says nothing rather than an error. */
export async function complete(program: Command, words: readonly string[], environment: Environment, io: Io): Promise<number> {
  const typed = words.at(-1) ?? ''
  const { command, values, waiting, flags } = walk(program, words.slice(0, -1))
  const found = waiting ? await ofOption(waiting, { environment, io, flags }) : typed.startsWith('-') ? optionsOf(command, program) : [...subcommandsOf(command), ...await ofArgument(command, values, { environment, io, flags })]
  for (const { word, means = '' } of found) if (word === FILES.word || word.startsWith(typed)) io.out(`${word}\t${means}\n`)
  return EXIT.ok
}

interface Place { readonly command: Command; /** Arguments so far. */ readonly values: readonly string[]; /** An option whose value is next. */ readonly waiting?: Option; readonly flags: Readonly<Record<string, string>> }

function walk(program: Command, words: readonly string[]): Place {
  let command = program
  let values: string[] = []
  let waiting: Option | undefined
  const flags: Record<string, string> = {}
  for (const word of words) {
    if (waiting) { flags[waiting.attributeName()] = word; waiting = undefined; continue }
    if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(({ short, long }) => word === short || word === long)
      waiting = option && (option.required || option.optional) ? option : undefined
      continue
    }
    const inner = values.length === 0 ? command.commands.find(each => each.name() === word || each.aliases().includes(word)) : undefined
    if (inner) { command = inner; values = [] } else values.push(word)
  }
  return { command, values, flags, ...(waiting ? { waiting } : {}) }
}

function subcommandsOf(command: Command): readonly Candidate[] {
  return command.createHelp().visibleCommands(command).filter(each => each.name() !== 'help').map(each => ({ word: each.name(), means: each.description() }))
}

function optionsOf(command: Command, program: Command): readonly Candidate[] {
  return [...new Set([...command.createHelp().visibleOptions(command), ...program.options])].flatMap(({ long, description }) => long ? [{ word: long, means: description }] : [])
}

interface Asking { readonly environment: Environment; readonly io: Io; readonly flags: Readonly<Record<string, string>> }

const WORDS: Readonly<Record<string, readonly string[]>> = {
  output: ['table', 'wide', 'json', 'yaml', 'name'], role: ['viewer', 'operator', 'admin'], level: ['debug', 'info', 'warn', 'error'],
  strategy: ['canary', 'blue-green', 'rolling', 'shadow', 'experiment'], method: ['GET', 'POST', 'PUT', 'DELETE'],
}
/** What is asked of the server for an argument or the value of an option of this name. */
const NAMES: Readonly<Record<string, string>> = {
  deployment: 'deployments', blueprint: 'blueprints', gateway: 'gateways', breed: 'breeds', service: 'breeds', to: 'breeds', from: 'breeds', release: 'releases', workflow: 'workflows', autoscaler: 'autoscalers', instance: 'instances', source: 'breeds',
}

async function ofOption(option: Option, asking: Asking): Promise<readonly Candidate[]> {
  const name = option.attributeName()
  if (['file', 'compose', 'data', 'policy'].includes(name)) return [FILES]
  if (name === 'context') return contextNames(asking)
  const words = WORDS[name]
  return words ? words.map(word => ({ word })) : named(NAMES[name], asking)
}

async function ofArgument(command: Command, values: readonly string[], asking: Asking): Promise<readonly Candidate[]> {
  const argument = command.registeredArguments[Math.min(values.length, command.registeredArguments.length - 1)]
  if (!argument || (values.length >= command.registeredArguments.length && !argument.variadic)) return []
  const name = argument.name()
  if (name === 'kind') return [...KINDS.map(kind => singular(kind)), 'instance', 'token'].map(word => ({ word }))
  if (name === 'shell') return ['bash', 'zsh', 'fish'].map(word => ({ word }))
  if (name === 'context') return contextNames(asking)
  if (name === 'file' || name === 'directory') return [FILES]
  if (name === 'place') return places(asking)
  return named(nameOf(command, argument, values), asking)
}

/** `get breed <name>` is a breed; `release pause <name>` a release. */
function nameOf(command: Command, argument: Argument, values: readonly string[]): string | undefined {
  if (argument.name() !== 'name') return NAMES[argument.name()]
  if (command.registeredArguments[0]?.name() === 'kind') return values[0]
  const parent = command.parent?.name()
  return parent === undefined ? undefined : parent === 'token' ? 'tokens' : NAMES[parent]
}

async function contextNames({ environment }: Asking): Promise<readonly Candidate[]> {
  return Object.entries((await readContexts(environment)).contexts).map(([word, { host }]) => ({ word, means: host }))
}

async function named(kind: string | undefined, asking: Asking): Promise<readonly Candidate[]> {
  if (kind === undefined) return []
  return asked(asking, async session => (await listAll(session, listedOf(kind))).map(({ name }) => ({ word: name })))
}

/** Deployments, and their clusters and versions. */
async function places(asking: Asking): Promise<readonly Candidate[]> {
  return asked(asking, async ({ client, io }) => (await client.all(deployments.list, {}, io.signal)).flatMap(({ name, clusters }) => [
    { word: name }, ...Object.entries(clusters).flatMap(([cluster, { services }]) => [{ word: `${name}/${cluster}` }, ...services.map(({ breed }) => ({ word: `${name}/${cluster}/${breed.name}` }))]),
  ]))
}

/** Nothing where the server does not answer soon: a person waits. */
async function asked({ environment, io, flags }: Asking, ask: (session: Session) => Promise<readonly Candidate[]>): Promise<readonly Candidate[]> {
  try {
    const context = chosenContext(await readContexts(environment), flags['context'], flags['host'] !== undefined || Boolean(environment['VAMP_HOST']))
    const session = openSession(readOptions(flags, environment, context), { ...io, signal: AbortSignal.any([io.signal, AbortSignal.timeout(PATIENCE_MS)]) })
    return await ask(session)
  } catch {
    return []
  }
}
