/** Verbs for a first project, and for a shell that helps. */
import type { Command } from 'commander'
import { asking, type ProgramContext } from './verb.ts'

/** A first project, and a shell that helps. */
export function addBeginning(program: Command, context: ProgramContext): void {
  const { io, environment, end } = context
  const ask = asking(program, context)
  program.command('init').description('write a commented project: what runs, and how its next version is released').argument('[directory]', 'where; here if not given')
    .option('--name <name>', 'of the deployment; that of the directory if not given').option('--image <image>', 'a container image that it runs').option('--command <command>', 'a program that it runs, such as "node server.js"').option('--compose <file>', 'a Docker Compose file')
    .option('--port <number>', 'where the image or program listens; a program that reads PORT needs none').option('--gateway-port <number>', 'where visitors come in; 9050 if not given, or the next one that no gateway of the server has').option('--force', 'also over files that are there')
    .action((directory, flags) => ask(async session => (await import('../commands/init.ts')).init(session, directory ?? '.', flags)))
  program.command('completion').description('what a shell needs to complete vamp: source <(vamp completion bash)').argument('<shell>', 'bash, zsh or fish')
    .action(async shell => { end(await (await import('../commands/completion.ts')).completion(io, shell)) })
  program.command('complete', { hidden: true }).allowUnknownOption().helpOption(false).argument('[words...]')
    .action(async (_, __, command: Command) => { end(await (await import('../commands/complete.ts')).complete(program, command.args, environment, io)) })
}
