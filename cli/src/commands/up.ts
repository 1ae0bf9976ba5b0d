/** `vamp up`: the server, until it is told to end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { startApp } from '@vamp/server/app'
import { openLifecycle } from '@vamp/server/base/lifecycle'
import { openLog } from '@vamp/server/base/log'
import { demandUsable } from '@vamp/server/claim'
import { type Config, OPTIONS, readConfig, type Sources } from '@vamp/server/config'
import { demandFreePort, openOutfit } from '@vamp/server/outfit'
import { startServer } from '@vamp/server/serve'
import { Command, CommanderError } from 'commander'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Environment } from '../options.ts'

/** Longer than all that it closes may take: what is below it must not be pulled away while it works. */
const APP_CLOSE_MS = 60_000

/** Flags, help and environment come from the server's own table of options. */
export async function up(args: readonly string[], io: Io, environment: Environment): Promise<number> {
  const given = readFlags(args, io)
  if (!given) return EXIT.ok
  const read = readConfig(given.flags, environment)
  if (read.is === 'refused') throw new CommandFailure(EXIT.usage, read.reasons.join('\n'))
  return given.check ? check(read.config, io, environment) : serve(read.config, read.sources, io, environment)
}

/** Opens everything aside of what is there, and closes it again: what would keep the server from starting is told now. */
async function check(config: Config, io: Io, environment: Environment): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-check-'))
  const log = openLog({ level: 'error', format: config.logFormat, clock: systemClock })
  const lifecycle = openLifecycle({ clock: systemClock, log })
  try {
    await demandFreePort(config)
    if (config.data !== undefined) demandUsable(config.data)
    const { database: _, ...rest } = config
    const aside: Config = { ...rest, data: directory, port: 0, onExit: 'stop', logLevel: 'error' }
    const outfit = await openOutfit(aside, inherited(environment), log, lifecycle)
    // All of it is its own.
    outfit.begun()
    const app = await startApp(aside, outfit)
    lifecycle.add('app', () => app.close())
  } finally {
    await lifecycle.close()
    rmSync(directory, { recursive: true, force: true })
  }
  io.out('The options are fine, and everything they need is there.\n')
  return EXIT.ok
}

async function serve(config: Config, sources: Sources, io: Io, environment: Environment): Promise<number> {
  const log = openLog({ level: config.logLevel, format: config.logFormat, clock: systemClock })
  const lifecycle = openLifecycle({ clock: systemClock, log })
  try {
    const outfit = await openOutfit(config, inherited(environment), log, lifecycle, sources)
    const app = await startServer(config, outfit)
    outfit.begun()
    lifecycle.add('app', () => app.close(), APP_CLOSE_MS)
    if (app.firstToken !== undefined) io.out(`The token of the administrator, shown this once: ${app.firstToken}\n`)
    io.out(`Vamp runs at ${app.url}${placeOf(config)}${app.following === undefined ? '' : `, and follows the server at ${app.following}`}. ${config.onExit === 'keep' ? 'Ctrl-C ends the server; services and gateways go on, and the next start finds them (--on-exit stop ends them, too).' : 'Ctrl-C ends it, with services and gateways.'}\n`)
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
function readFlags(args: readonly string[], io: Io): { readonly flags: Readonly<Record<string, string>>; readonly check: boolean } | undefined {
  const command = new Command('vamp up').description('Starts the server: API, gateways and everything that keeps services running.').exitOverride()
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
  for (const { flag, value, fallback, help, env } of OPTIONS) {
    const shown = `--${flag} ${value.startsWith('<') ? value : '<choice>'}`
    command.option(shown, `${help}${value.startsWith('<') ? '' : ` (${value.replaceAll('|', ', ')})`}${fallback === undefined || fallback === '' ? '' : `; ${fallback} if not given`}; ${env}`)
  }
  command.option('--check', 'open everything and close it again, beside what is there: says whether the server would start')
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.helpDisplayed') return undefined
    throw error
  }
  const { check = false, ...given } = command.opts<Readonly<Record<string, string>> & { readonly check?: boolean }>()
  const flags = Object.fromEntries(OPTIONS.flatMap(({ flag }) => {
    const value = given[flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
    return value === undefined ? [] : [[flag, value]]
  }))
  return { flags, check }
}

/** What services get from the surroundings of the server: its own settings are none of theirs. */
function inherited(environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => value === undefined || name.startsWith('VAMP_') ? [] : [[name, value]]))
}
