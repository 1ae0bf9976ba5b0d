/** `vamp up`: the server, until it is told to end. */
import { systemClock } from '@vamp/agent/base/clock'
import { startApp } from '@vamp/server/app'
import { openLifecycle } from '@vamp/server/base/lifecycle'
import { openLog } from '@vamp/server/base/log'
import { type Config, OPTIONS, readConfig } from '@vamp/server/config'
import { openOutfit } from '@vamp/server/outfit'
import { Command, CommanderError } from 'commander'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Environment } from '../options.ts'

/** Flags, help and environment come from the server's own table of options. */
export async function up(args: readonly string[], io: Io, environment: Environment): Promise<number> {
  const flags = readFlags(args, io)
  if (!flags) return EXIT.ok
  const read = readConfig(flags, environment)
  if (read.is === 'refused') throw new CommandFailure(EXIT.usage, read.reasons.join('\n'))
  const { config } = read
  const log = openLog({ level: config.logLevel, format: config.logFormat, clock: systemClock })
  const lifecycle = openLifecycle({ clock: systemClock, log })
  try {
    const outfit = await openOutfit(config, inherited(environment), log, lifecycle)
    const app = await startApp(config, outfit)
    lifecycle.add('app', () => app.close())
    if (app.firstToken !== undefined) io.out(`The token of the administrator, shown this once: ${app.firstToken}\n`)
    io.out(`Vamp runs at ${app.url}${placeOf(config)}. Ctrl-C ends it.\n`)
    await new Promise<void>(resolve => { if (io.signal.aborted) resolve(); else io.signal.addEventListener('abort', () => resolve(), { once: true }) })
    return EXIT.ok
  } finally {
    await lifecycle.close()
  }
}

function placeOf({ data, database }: Config): string {
  if (database !== undefined) return ', with its data in PostgreSQL'
  return data === undefined ? ', in memory only' : `, with its data in ${data}`
}

/** Nothing if only help was asked for. */
function readFlags(args: readonly string[], io: Io): Readonly<Record<string, string>> | undefined {
  const command = new Command('vamp up').description('Starts the server: API, gateways and everything that keeps services running.').exitOverride()
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
  for (const { flag, value, fallback, help, env } of OPTIONS) {
    const shown = `--${flag} ${value.startsWith('<') ? value : '<choice>'}`
    command.option(shown, `${help}${value.startsWith('<') ? '' : ` (${value.replaceAll('|', ', ')})`}${fallback === undefined || fallback === '' ? '' : `; ${fallback} if not given`}; ${env}`)
  }
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.helpDisplayed') return undefined
    throw error
  }
  const given = command.opts<Readonly<Record<string, string>>>()
  return Object.fromEntries(OPTIONS.flatMap(({ flag }) => {
    const value = given[flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
    return value === undefined ? [] : [[flag, value]]
  }))
}

/** What services get from the surroundings of the server: its own settings are none of theirs. */
function inherited(environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => value === undefined || name.startsWith('VAMP_') ? [] : [[name, value]]))
}
