/** What only Compose puts values in place of: its variables, and names of services as host names. Copied as it is, and told. */
import type { EnvironmentVariable } from '../breed.ts'
import type { Port } from '../port.ts'
import { parseValue } from '../variable/parse.ts'
import type { Say } from './compose-running.ts'

interface Service {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly variables: readonly EnvironmentVariable[]
  readonly dependencies: readonly string[]
  readonly ports: readonly Port[]
}

export function tellUnresolved({ name, image, command = [], variables, dependencies }: Service, services: readonly Service[], say: Say): void {
  for (const [place, text] of [[`the image of '${name}'`, image], [`the command of '${name}'`, command.join(' ')]] as const) {
    const given = composeVariable(text)
    if (given !== undefined) say(`${given} in ${place} is a variable of Compose, which Vamp does not fill in: write what it stands for.`)
  }
  for (const { name: variable, value } of variables) {
    const given = isReference(value ?? '', services) ? undefined : composeVariable(value ?? '')
    if (given !== undefined) say(`${given} in '${variable}' of '${name}' is a variable of Compose, which Vamp does not fill in: write what it stands for.`)
    const named = hostIn(value ?? '', services)
    if (!named) continue
    const { target, port, before, after } = named
    const instead = `${before}$${target.name}.host${port === undefined ? '' : `:$${target.name}.ports.port_${port}`}${after}`
    const needed = dependencies.includes(target.name) ? '' : `, with ${target.name}: ${target.name}:1.0.0 among the dependencies of '${name}'`
    const missing = port === undefined || target.ports.some(({ number }) => number === Number(port)) ? '' : `, and port_${port}: ${port} among the ports of '${target.name}'`
    say(`'${variable}' of '${name}' has the name of the service '${target.name}', which is no host name here: write ${instead}${needed}${missing}.`)
  }
}

/** `$$` stands for a dollar. */
function composeVariable(text: string): string | undefined {
  return /\$\{[^}]*\}|\$[A-Za-z_]\w*/.exec(text.replaceAll('$$', '  '))?.[0]
}

/** As `redis:6379` has become. */
function isReference(text: string, services: readonly Service[]): boolean {
  return services.some(({ name }) => text.startsWith(`$${name}.host:$${name}.ports.`))
}

/** `db`, `http://api:3000/v1`, `postgres://user:secret@db/shop`. A word that is a name by chance is no address. */
function hostIn(text: string, services: readonly Service[]) {
  const [, scheme = '', host = '', port, after = ''] = /^(\w[\w+.-]*:\/\/(?:[^\s/@]*@)?)?([\w.-]+)(?::(\d{1,5}))?([/?][^\s]*)?$/.exec(text) ?? []
  const target = services.find(({ name }) => name === host)
  return target && (scheme !== '' || (after === '' && port === undefined)) ? { target, port, before: scheme, after } : undefined
}

/** A dollar that begins no reference of the language, such as that of `${NAME:-default}`, is one. */
export function withDollars(variable: EnvironmentVariable): EnvironmentVariable {
  const { value } = variable
  return value === null || parseValue(value).is === 'ok' ? variable : { ...variable, value: value.replaceAll(/\$\$?/g, '$$$$') }
}
