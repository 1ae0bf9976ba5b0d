/** Verbs for workflows. */
import type { Command } from 'commander'
import { asking, collect, OUTPUT, type ProgramContext } from './verb.ts'

export function addWorkflow(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const load = () => import('../commands/workflow.ts')
  const SET = ['--set <setting>', 'NAME=value in the script\'s environment; repeatable', collect, [] as readonly string[]] as const
  const EVENT = ['--event <json>', 'as if this event had begun it; @file reads it'] as const
  const DRY = ['--dry', 'tell what would be changed, and change nothing'] as const
  const workflow = program.command('workflow').description('scripts and containers that watch and act: as daemons, on events, at times')
  workflow.command('list').description('what runs').option('--shipped', 'what comes with the server and can be started').option(...OUTPUT)
    .action(flags => ask(async session => (await load()).listWorkflows(session, flags)))
  workflow.command('start').description('start a workflow that comes with the server').argument('<name>').option(...SET).option('--name <name>', 'another name for it, to have several').option('--plan', 'show what would be stored')
    .action((name, flags) => ask(async session => (await load()).startWorkflow(session, name, flags)))
  workflow.command('run').description('run a script of this machine on the server, once and now, and show what it prints; Ctrl-C ends it').argument('<file>', 'JavaScript, or TypeScript by its .ts').option(...SET).option(...EVENT).option(...DRY)
    .option('--allow <host>', 'that it may connect to; repeatable', collect, []).option('--timeout <time>', 'such as 30s; none if not given').option('--trusted', 'in a whole Node.js instead of the sandbox, where the server allows it')
    .action((file, flags) => ask(async session => (await load()).runWorkflow(session, file, flags)))
  workflow.command('trigger').description('run a workflow now, beside its schedule').argument('<name>').option(...EVENT).option(...DRY).option('-f, --follow', 'and show what it prints')
    .action((name, flags) => ask(async session => (await load()).triggerWorkflow(session, name, flags)))
  workflow.command('logs').description('what its runs print').argument('<name>').option('-f, --follow', 'and what they print from now on').option('--tail <lines>', 'so many to begin with', '100').option('--run <run>', 'of one run')
    .action((name, flags) => ask(async session => (await load()).workflowLogs(session, name, flags)))
  workflow.command('runs').description('its runs, newest first').argument('<name>').option('-n, --limit <number>', 'so many', '30').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await load()).workflowRuns(session, name, flags)))
  const state = () => import('../commands/workflow-state.ts')
  workflow.command('state').description('what its scripts remember').argument('<name>').argument('[key]', 'one thing of it').option(...OUTPUT)
    .action((name, key, flags) => ask(async session => (await state()).workflowState(session, name, key, flags)))
  workflow.command('remember').description('have its scripts remember something').argument('<name>').argument('<key>').argument('<value>', 'a text, a number or JSON')
    .action((name, key, value) => ask(async session => (await state()).remember(session, name, key, value)))
  workflow.command('forget').description('have them forget it').argument('<name>').argument('<key>')
    .action((name, key) => ask(async session => (await state()).forget(session, name, key)))
  const orders = { suspend: ['suspending', 'end what runs and begin nothing more'], resume: ['starting', 'go on'], restart: ['restarting', 'end what runs and begin again'], stop: ['stopping', 'end it and remove it'] } as const
  for (const [order, [status, help]] of Object.entries(orders))
    workflow.command(order).description(help).argument('<name>').action(name => ask(async session => (await load()).orderWorkflow(session, name, status)))
}
