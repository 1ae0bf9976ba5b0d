/** `vamp context add staging --host https://…`, `vamp context use staging`, `vamp --context staging get deployments` */
import { type Contexts, readContexts, writeContexts } from '../contexts.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { address, type Environment } from '../options.ts'
import { asData, formOf } from '../output.ts'
import { table } from '../table.ts'

const NAME = /^[\w.-]{1,100}$/

export async function addContext(io: Io, environment: Environment, name: string, { host, token }: { readonly host?: string; readonly token?: string }): Promise<number> {
  if (!NAME.test(name)) throw new CommandFailure(EXIT.usage, `'${name}' is no name for a context; letters, digits, dots and dashes are`)
  if (host === undefined) throw new CommandFailure(EXIT.usage, `which server is ${name}?\n  → vamp context add ${name} --host <url>`)
  const { contexts } = await readContexts(environment)
  await writeContexts(environment, { current: name, contexts: { ...contexts, [name]: { host: address(host), ...(token === undefined ? {} : { token }) } } })
  io.out(`context ${io.colours.bold(name)} is ${address(host)}, and is used from now on\n`)
  return EXIT.ok
}

export async function useContext(io: Io, environment: Environment, name: string): Promise<number> {
  const contexts = await readContexts(environment)
  await writeContexts(environment, { ...contexts, current: known(contexts, name) })
  io.out(`context ${io.colours.bold(name)} is used from now on\n`)
  return EXIT.ok
}

export async function removeContext(io: Io, environment: Environment, name: string): Promise<number> {
  const all = await readContexts(environment)
  known(all, name)
  const { [name]: _, ...contexts } = all.contexts
  await writeContexts(environment, { ...(all.current === undefined || all.current === name ? {} : { current: all.current }), contexts })
  io.out(`context ${io.colours.bold(name)} removed\n`)
  return EXIT.ok
}

/** Tokens are not shown. */
export async function listContexts(io: Io, environment: Environment, { output }: { readonly output?: string }): Promise<number> {
  const form = formOf(output)
  const { current, contexts } = await readContexts(environment)
  const rows = Object.entries(contexts).map(([name, { host, token }]) => ({ name, host, token: token !== undefined, current: name === current }))
  if (form === 'json' || form === 'yaml') io.out(asData(rows, form))
  else if (form === 'name') io.out(rows.map(({ name }) => `${name}\n`).join(''))
  else if (rows.length === 0) io.out('There are no contexts.\n')
  else io.out(table([{ title: '' }, { title: 'NAME' }, { title: 'SERVER', flexible: true }, { title: 'TOKEN' }], rows.map(row => [row.current ? '*' : '', row.name, row.host, row.token ? 'yes' : 'no']), { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold }))
  return EXIT.ok
}

function known({ contexts }: Contexts, name: string): string {
  if (contexts[name] === undefined) throw new CommandFailure(EXIT.not_found, `There is no context '${name}'.`)
  return name
}
