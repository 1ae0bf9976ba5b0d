/** Verbs for who may ask, and which server is asked. */
import type { Command } from 'commander'
import { asking, OUTPUT, type ProgramContext } from './verb.ts'

export function addTokens(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const token = program.command('token').description('who may use the API')
  token.command('create').description('make one; it is shown once').argument('<name>').requiredOption('--role <role>', 'viewer, operator or admin').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('../commands/token.ts')).createToken(session, name, flags)))
  token.command('list').description('show all').option(...OUTPUT).action(flags => ask(async session => (await import('../commands/get.ts')).get(session, 'tokens', [], flags)))
  token.command('revoke').description('end one at once').argument('<name>').action(name => ask(async session => (await import('../commands/token.ts')).revokeToken(session, name)))
}

/** Which server is meant; on this machine alone. */
export function addContexts(program: Command, { io, environment, end }: ProgramContext): void {
  const module = () => import('../commands/context.ts')
  const context = program.command('context').description('several servers under names, one of which is used')
  context.command('add').description('name a server, and use it').argument('<name>').option('--host <url>', 'the server').option('--token <token>', 'kept for this server, readable by you only')
    .action(async (name, _, command: Command) => { end(await (await module()).addContext(io, environment, name, command.optsWithGlobals())) })
  context.command('use').description('use another one from now on').argument('<context>').action(async name => { end(await (await module()).useContext(io, environment, name)) })
  context.command('list', { isDefault: true }).description('show all; a star marks the one that is used').option(...OUTPUT).action(async flags => { end(await (await module()).listContexts(io, environment, flags)) })
  context.command('remove').description('forget one').argument('<context>').action(async name => { end(await (await module()).removeContext(io, environment, name)) })
}
