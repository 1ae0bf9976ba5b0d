/** Verbs as the original's command line had them, beside the newer ones. */
import type { Command } from 'commander'
import { asking, KINDS, OUTPUT, type ProgramContext } from './verb.ts'

export function addOriginal(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const module = () => import('../commands/original.ts')
  program.command('create').description('store one thing of a kind, and print it as it is stored').argument('<kind>', KINDS).option('-f, --file <file>', 'where it is written').option('-s, --stdin', 'from the standard input')
    .action((kind, flags) => ask(async session => (await module()).create(session, kind, flags)))
  program.command('merge').description('merge a stored blueprint into a deployment; it is made if there is none').argument('<blueprint>').argument('<deployment>')
    .action((blueprint, deployment) => ask(async session => (await module()).merge(session, blueprint, deployment)))
  program.command('inspect').description('one thing as it is stored').argument('<kind>', KINDS).argument('<name>').option('--as_blueprint', 'a deployment as a blueprint').option('--json', 'as JSON').option(...OUTPUT)
    .action((kind, name, flags) => ask(async session => (await module()).inspect(session, kind, name, flags)))
  program.command('emit').description('tell of something that happened').argument('<value>', 'a text, a number or JSON').option('-t, --tags <tags>', 'with commas between').option('--type <type>', 'of the event', 'event')
    .action((value, flags) => ask(async session => (await module()).emit(session, value, flags)))
  const generate = program.command('generate').description('a breed or a blueprint made of another one')
  generate.command('breed').description('with another deployable').requiredOption('-s, --source <breed>', 'the one that it is made of').option('-d, --deployable <definition>', 'what it runs').requiredOption('-t, --target <name>', 'its name')
    .action(flags => ask(async session => (await module()).generateBreed(session, flags)))
  generate.command('blueprint').description('with one breed for all services of a cluster').requiredOption('-s, --source <blueprint>', 'the one that it is made of').requiredOption('-c, --cluster <cluster>', 'the cluster').requiredOption('-b, --breed <breed>', 'its only service').requiredOption('-t, --target <name>', 'its name')
    .action(flags => ask(async session => (await module()).generateBlueprint(session, flags)))
  program.command('update-gateway').description('weights, or the condition of a route').argument('<gateway>').option('-w, --weights <weights>', 'shop/web/web:1.0/http@70%,shop/web/web:1.1/http@30%').option('-c, --condition <condition>', 'of the route; null for none').option('-r, --route <route>').option('-s, --strength <percent>', 'of the condition')
    .action((name, flags) => ask(async session => (await module()).updateGateway(session, name, flags)))
  program.command('info').description('the server: version, drivers, memory').option(...OUTPUT)
    .action(flags => ask(async session => (await module()).info(session, flags)))
}
