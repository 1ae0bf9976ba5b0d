/** Servers under names, so that one need not say which one every time: `~/.config/vamp/contexts.json`, readable by its owner only. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'
import type { Environment } from './options.ts'

export interface Context { readonly host: string; readonly token?: string }

export interface Contexts {
  readonly current?: string
  readonly contexts: Readonly<Record<string, Context>>
}

/** `VAMP_CONFIG`, or where the system keeps such things; nowhere if there is no home. */
export function contextsFile(environment: Environment): string | undefined {
  const home = environment['XDG_CONFIG_HOME'] || (environment['HOME'] ? join(environment['HOME'], '.config') : undefined)
  return environment['VAMP_CONFIG'] || (home === undefined ? undefined : join(home, 'vamp/contexts.json'))
}

export async function readContexts(environment: Environment): Promise<Contexts> {
  const file = contextsFile(environment)
  const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(error => { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; throw new CommandFailure(EXIT.failed, `${file} cannot be read: ${String((error as NodeJS.ErrnoException).code)}`) })
  if (text === undefined) return { contexts: {} }
  const contexts = contextsIn(text)
  if (!contexts) throw new CommandFailure(EXIT.failed, `${file} is not what vamp context writes\n  → mend it, or remove it and add the contexts again`)
  return contexts
}

function contextsIn(text: string): Contexts | undefined {
  try {
    const { current, contexts } = JSON.parse(text) as { readonly current?: unknown; readonly contexts?: unknown }
    if (typeof contexts !== 'object' || contexts === null) return undefined
    const known = Object.entries(contexts as Readonly<Record<string, { readonly host?: unknown; readonly token?: unknown } | null>>).flatMap(([name, context]) =>
      typeof context?.host === 'string' ? [[name, { host: context.host, ...(typeof context.token === 'string' ? { token: context.token } : {}) }] as const] : [])
    return { ...(typeof current === 'string' ? { current } : {}), contexts: Object.fromEntries(known) }
  } catch {
    return undefined
  }
}

/** All of it or nothing, for its owner only. */
export async function writeContexts(environment: Environment, contexts: Contexts): Promise<void> {
  const file = contextsFile(environment)
  if (file === undefined) throw new CommandFailure(EXIT.failed, 'there is no place for contexts\n  → name a file in VAMP_CONFIG')
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** The one that was asked for; the current one if none was, and nothing else says which server. A token goes to its own server only. */
export function chosenContext({ current, contexts }: Contexts, asked: string | undefined, hostIsGiven: boolean): Context | undefined {
  if (asked === undefined) return hostIsGiven || current === undefined ? undefined : contexts[current]
  const found = contexts[asked]
  if (!found) throw new CommandFailure(EXIT.usage, `there is no context '${asked}'; ${Object.keys(contexts).length === 0 ? 'there are none' : `there are ${Object.keys(contexts).join(', ')}`}\n  → vamp context add ${asked} --host <url>`)
  return found
}
