/** `vamp workflow list`, `start health`, `run fix.ts --dry`, `logs health -f`, `suspend`, `resume`, `restart`, `runs`, `stop` */
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { documents } from '@vamp/model/api/documents'
import { type RunSummary, workflows } from '@vamp/model/api/workflows'
import { age, sheetOf } from '../columns.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { listAll } from '../kinds.ts'
import { asData, asRows, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { table } from '../table.ts'

interface Output { readonly output?: string }
export interface StartFlags { readonly set: readonly string[]; readonly name?: string; readonly plan?: boolean }
export interface RunFlags { readonly event?: string; readonly dry?: boolean; readonly set: readonly string[]; readonly allow: readonly string[]; readonly timeout?: string; readonly trusted?: boolean }

/** What runs, and with `--shipped` what comes with the server. */
export async function listWorkflows(session: Session, flags: Output & { readonly shipped?: boolean }): Promise<number> {
  const { client, io } = session
  const form = formOf(flags.output)
  if (flags.shipped) {
    const { data } = await client.call(workflows.shipped, {}, io.signal)
    io.out(form === 'json' || form === 'yaml' ? asData(data, form)
      : table([{ title: 'NAME' }, { title: 'WHAT IT DOES', flexible: true }], data.map(({ name, summary }) => [name, summary]), { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold }))
    return EXIT.ok
  }
  const rows = await listAll(session, 'workflows')
  io.out(rows.length === 0 && form === 'table' ? 'There are no workflows; vamp workflow list --shipped shows what can be started.\n' : asRows(rows, 'workflows', form, sheetOf('workflows', io.now()), io))
  return EXIT.ok
}

/** Stores the shipped script as a breed and a workflow of that name. */
export async function startWorkflow({ client, io }: Session, name: string, flags: StartFlags): Promise<number> {
  const { data } = await client.call(workflows.shipped, {}, io.signal)
  const shipped = data.find(each => each.name === name)
  if (!shipped) throw new CommandFailure(EXIT.not_found, `no workflow '${name}' comes with the server; there are ${data.map(each => each.name).join(', ')}`)
  const given = settingsOf(flags.set)
  const unknown = Object.keys(given).filter(key => !shipped.settings.some(setting => setting.name === key))
  if (unknown.length > 0) throw new CommandFailure(EXIT.usage, `${name} knows no ${unknown.join(', ')}; it can be told ${shipped.settings.map(setting => setting.name).join(', ')}`)
  const missing = shipped.settings.filter(setting => setting.value === null && given[setting.name] === undefined)
  if (missing.length > 0) throw new CommandFailure(EXIT.usage, `${name} must be told\n${missing.map(setting => `  --set ${setting.name}=…   ${setting.help}`).join('\n')}`)
  const own = flags.name ?? name
  const settings = Object.fromEntries(shipped.settings.map(setting => [setting.name, given[setting.name] ?? setting.value ?? '']))
  const hosts = settings['HOSTS']
  const body = [
    { kind: 'breeds', name: own, deployable: { type: 'application/typescript', definition: shipped.script }, environment_variables: settings },
    { kind: 'workflows', name: own, breed: own, schedule: shipped.schedule, status: 'starting', ...(hosts ? { hosts: hosts.split(',') } : {}) },
  ]
  if (flags.plan) {
    io.out(asData(body, 'yaml'))
    return EXIT.ok
  }
  await client.call(documents.put, { body: JSON.stringify(body) }, io.signal)
  io.out(`workflow ${io.colours.bold(own)} starts; vamp workflow logs ${own} -f\n`)
  return EXIT.ok
}

/** A script of this machine on the server, once, with what it prints; Ctrl-C ends it. */
export async function runWorkflow(session: Session, file: string, flags: RunFlags): Promise<number> {
  const { client, io } = session
  const language = /^\.[cm]?ts$/.test(extname(file)) ? 'typescript' : 'javascript'
  const definition = await readFile(file, 'utf8').catch(() => { throw new CommandFailure(EXIT.not_found, `there is no file ${file}`) })
  const name = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9_.-]/g, '-')
  const settings = settingsOf(flags.set)
  // As with those that come with the server: what HOSTS names may be connected to.
  const hosts = [...flags.allow, ...settings['HOSTS']?.split(',') ?? []]
  const workflow = {
    name, schedule: 'daemon', breed: { name, deployable: { type: `application/${language}`, definition }, environment_variables: settings },
    ...(hosts.length > 0 ? { hosts } : {}), timeout: flags.timeout ?? '0s', ...(flags.trusted ? { runner: 'node' } : {}),
  }
  const { data: run } = await client.call(workflows.try, { body: { workflow, ...(flags.dry ? { dry: true } : {}), ...(flags.event === undefined ? {} : { event: await eventIn(flags.event) }) } }, io.signal)
  return follow(session, run.workflow, run.id, file)
}

/** A run of a stored workflow, now. */
export async function triggerWorkflow(session: Session, name: string, flags: { readonly event?: string; readonly dry?: boolean; readonly follow?: boolean }): Promise<number> {
  const { client, io } = session
  const { data: run } = await client.call(workflows.run, { path: { name }, body: { ...(flags.dry ? { dry: true } : {}), ...(flags.event === undefined ? {} : { event: await eventIn(flags.event) }) } }, io.signal)
  if (flags.follow) return follow(session, name, run.id)
  io.out(`run ${io.colours.bold(run.id)} of ${name} begins\n`)
  return EXIT.ok
}

/** `file` is what the server knows as `script`. */
async function follow({ client, io }: Session, name: string, id: string, file?: string): Promise<number> {
  const stop = () => { void client.call(workflows.stopRun, { path: { name, run: id } }).catch(() => undefined) }
  io.signal.addEventListener('abort', stop, { once: true })
  for await (const { data: { level, line } } of client.stream(workflows.logs, { path: { name }, query: { tail: 10_000, follow: true, run: id }, finite: true }, io.signal)) io.out(`${level === 'error' ? io.colours.yellow(line) : line}\n`)
  io.signal.removeEventListener('abort', stop)
  const { data: run } = await client.call(workflows.getRun, { path: { name, run: id } }, io.signal)
  if (run.left_out > 0) io.err(`${run.left_out} more lines were printed\n`)
  if (run.result !== undefined) io.out(asData(run.result, 'yaml'))
  if (run.state === 'succeeded') return EXIT.ok
  io.err(`${io.colours.red(run.state)} ${file === undefined ? run.reason ?? '' : run.reason?.replaceAll(/\bscript(?=:\d)/g, () => file) ?? ''}\n`)
  return EXIT.failed
}

/** Many scripts say what they find in events and results, and print nothing: that is told, rather than nothing at all. */
export async function workflowLogs({ client, io }: Session, name: string, flags: { readonly follow?: boolean; readonly tail: string; readonly run?: string }): Promise<number> {
  if (!/^\d+$/.test(flags.tail)) throw new CommandFailure(EXIT.usage, `--tail ${flags.tail} is no number of lines`)
  if (flags.follow && io.terminal) io.err(io.colours.dim(`What ${name} prints, until Ctrl-C; what it does: vamp workflow runs ${name}\n`))
  const query = { tail: Number(flags.tail), follow: flags.follow === true, ...(flags.run === undefined ? {} : { run: flags.run }) }
  let lines = 0
  for await (const { data: { timestamp, run, level, line } } of client.stream(workflows.logs, { path: { name }, query, finite: true }, io.signal)) {
    io.out(`${io.colours.dim(timestamp.slice(0, 19).replace('T', ' '))} ${io.colours.cyan(run)} ${level === 'error' ? io.colours.yellow(line) : line}\n`)
    lines++
  }
  if (lines === 0) io.err(`${flags.run ?? name} has printed nothing; what it did: vamp workflow runs ${name}\n`)
  return EXIT.ok
}

export async function workflowRuns({ client, io }: Session, name: string, flags: Output & { readonly limit: string }): Promise<number> {
  const form = formOf(flags.output)
  const limit = Number(flags.limit)
  if (!Number.isInteger(limit) || limit < 1) throw new CommandFailure(EXIT.usage, `--limit ${flags.limit} is no number of runs`)
  const { data } = await client.call(workflows.runs, { path: { name }, query: { per_page: Math.min(100, limit) } }, io.signal)
  if (form === 'json' || form === 'yaml') io.out(asData(data, form))
  else if (form === 'name') io.out(data.map(({ id }) => `${id}\n`).join(''))
  else if (data.length === 0) io.out(`${name} has not run yet.\n`)
  else io.out(runsTable(data, io))
  return EXIT.ok
}

export function runsTable(runs: readonly RunSummary[], io: Io): string {
  const rows = runs.map(run => [run.id, causeOf(run), `${run.state}${run.dry ? ' (dry)' : ''}`, age(run.created, io.now()), tookText(run), run.reason ?? (run.result === undefined ? '' : JSON.stringify(run.result))])
  return table([{ title: 'RUN' }, { title: 'BEGAN BY' }, { title: 'STATE' }, { title: 'AGE', right: true }, { title: 'TOOK', right: true }, { title: 'WHY', flexible: true }], rows, { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold })
}

const TOLD = { suspending: 'is told to suspend', starting: 'is told to go on', restarting: 'is told to restart', stopping: 'is told to end, and goes' } as const

export async function orderWorkflow({ client, io }: Session, name: string, status: keyof typeof TOLD): Promise<number> {
  await client.call(workflows.putStatus, { path: { name }, body: status }, io.signal)
  io.out(`workflow ${io.colours.bold(name)} ${TOLD[status]}\n`)
  return EXIT.ok
}

function causeOf({ trigger }: RunSummary): string {
  switch (trigger.by) {
    case 'daemon': return 'daemon'
    case 'event': return `event ${trigger.event.tags.filter(tag => !trigger.event.tags.some(other => other.startsWith(`${tag}:`))).slice(0, 3).join(' ')}`
    case 'time': return `time ${trigger.due.slice(0, 19).replace('T', ' ')}`
    case 'person': return trigger.who
    default: return trigger satisfies never
  }
}

function tookText({ started, finished, state }: RunSummary): string {
  if (started === undefined || finished === undefined || state === 'skipped') return ''
  const ms = Date.parse(finished) - Date.parse(started)
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}

function settingsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map(pair => {
    const at = pair.indexOf('=')
    if (at < 1) throw new CommandFailure(EXIT.usage, `--set ${pair}: NAME=value is expected`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  }))
}

/** JSON, or `@file` with it. */
async function eventIn(text: string): Promise<unknown> {
  const json = text.startsWith('@') ? await readFile(text.slice(1), 'utf8').catch(() => { throw new CommandFailure(EXIT.not_found, `there is no file ${text.slice(1)}`) }) : text
  try {
    return JSON.parse(json) as unknown
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `--event is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
