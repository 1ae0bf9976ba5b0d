/** Verbs for the server itself: to start it, to copy what it keeps, to ask and change how it is set. */
import type { Command } from 'commander'
import { asking, OUTPUT, type ProgramContext } from './verb.ts'

/** The server's flags are the server's: they are read where they are used. */
export function addStart(program: Command, { io, environment, end }: ProgramContext): void {
  program.command('demo').description('a small shop, one good release and two bad ones, judged on live traffic').allowUnknownOption().helpOption(false).argument('[flags...]')
    .action(async (_, __, command: Command) => { end(await (await import('../commands/demo.ts')).demo(command.args, io, environment)) })
  program.command('up').description('start the server').allowUnknownOption().helpOption(false).argument('[flags...]')
    .action(async (_, __, command: Command) => { end(await (await import('../commands/up.ts')).up(command.args, io, environment)) })
}

export function addServer(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const inside = () => import('../commands/inside.ts')
  program.command('version').description('of this program and of the server').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/version.ts')).version(session, flags)))
  program.command('health').description('whether the server is ready; or how well something is, from 0 to 1. Exit code 0 if all is well').argument('[place]', 'deployment, deployment/cluster or deployment/cluster/service')
    .option('--gateway <name>', 'how well it is').option('--route <route>', 'of the gateway').option('--instance <name>', 'of the place')
    .action((place, flags) => ask(async session => (await import('../commands/health.ts')).health(session, place, flags)))
  program.command('stats').description('counts of what is stored and what runs').option(...OUTPUT)
    .action(flags => ask(async session => (await inside()).stats(session, flags)))
  program.command('schema').description('the JSON Schema of a kind, for editors').argument('<kind>', 'a kind, or document for files with several').option(...OUTPUT)
    .action((kind, flags) => ask(async session => (await inside()).schema(session, kind, flags)))
  program.command('proxy-config').description("the configuration of the server's own HAProxy, as it was written last")
    .action(() => ask(async session => (await inside()).proxyConfiguration(session)))
}

/** On files of this machine, without a server. */
export function addCopies(program: Command, { io, environment, end }: ProgramContext): void {
  const data = ['--data <directory>', 'data directory of the server, on this machine (VAMP_DATA; .vamp of the current directory if not given)', environment['VAMP_DATA'] ?? '.vamp'] as const
  program.command('backup').description('copy everything that a server keeps in its data directory on this machine into a file, also while it runs; PostgreSQL has pg_dump for this').argument('<file>').option(...data)
    .action(async (file, flags) => { end(await (await import('../commands/backup.ts')).backup(io, file, flags)) })
  program.command('restore').description('bring a backup back into a directory without a database, for a server that does not run yet').argument('<file>').option(...data)
    .action(async (file, flags) => { end(await (await import('../commands/backup.ts')).restore(io, file, flags)) })
}

export function addOptions(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const config = program.command('config').description('the options of the server').option('--type <layer>', 'applied, dynamic, system, environment or reference', 'applied').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/config.ts')).showConfig(session, flags)))
  config.command('set').description('change options while the server runs, for good').argument('<option=value...>')
    .action(pairs => ask(async session => (await import('../commands/config.ts')).setConfig(session, pairs)))
  config.command('unset').description('back to what the server was started with').argument('<option...>')
    .action(options => ask(async session => (await import('../commands/config.ts')).unsetConfig(session, options)))
}
