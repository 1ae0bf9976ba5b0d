/** Verbs for what runs: its size, where it runs, visitors for a first try. */
import type { Command } from 'commander'
import { asking, collect, HEADER, OUTPUT, type ProgramContext } from './verb.ts'

export function addRunning(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('scale').description('change the size of a service').argument('<place>', 'deployment/cluster or deployment/cluster/service').argument('[instances]').option('--cpu <cores>').option('--memory <size>', 'such as 64MB').option('--warm <number>', 'spare instances, started and paused')
    .action((place, count, flags) => ask(async session => (await import('../commands/scale.ts')).scale(session, place, count, flags)))
  const node = program.command('node').description('the machines that instances run on; vamp get nodes shows them')
  for (const [verb, availability, help] of [['drain', 'drain', 'replace what runs there elsewhere, one after the other'], ['pause', 'pause', 'give it nothing new'], ['activate', 'active', 'let it take instances again']] as const)
    node.command(verb).description(help).argument('<name>').action(name => ask(async session => (await import('../commands/node.ts')).setNode(session, name, availability)))
  const instance = program.command('instance').description('single instances; vamp get instances shows them')
  instance.command('end').description('end one; its service starts another').argument('<instance>').option('--drain', 'it finishes what it has begun, and gets nothing new')
    .action((name, flags) => ask(async session => (await import('../commands/instance.ts')).endInstance(session, name, flags)))
  program.command('traffic').description('visitors for a first try: requests at a steady rate to a gateway, until Ctrl-C').argument('<url>').option('--rate <number>', 'per second', '100').option('--seconds <number>', 'end after so long')
    .option('--path <path>', 'in turn, instead of the one in the address; repeatable', collect, []).option('--method <method>', 'of every request', 'GET').option(...HEADER).option(...OUTPUT)
    .action((url, flags) => ask(async session => (await import('../commands/traffic.ts')).traffic(session, url, flags)))
  program.command('undeploy').description('end a deployment, or one of its services').argument('<deployment>').option('-s, --service <breed>', 'only this version; it must hold no traffic')
    .action((name, flags) => ask(async session => (await import('../commands/undeploy.ts')).undeploy(session, name, flags)))
}

export function addScaling(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('explain').description('why the services of a cluster have the size they have').argument('<place>', 'deployment/cluster or deployment/cluster/service; a deployment is enough where it has one cluster').option(...OUTPUT)
    .action((place, flags) => ask(async session => (await import('../commands/explain.ts')).explain(session, place, flags)))
  const autoscaler = program.command('autoscaler').description('what autoscalers see, want and are granted')
  autoscaler.command('status', { isDefault: true }).description('of one with its last minutes, or of all of them without a name').argument('[name]').option('-w, --watch', 'again every second').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('../commands/autoscaler.ts')).autoscalerStatus(session, name, flags)))
  autoscaler.command('replay').description('what an autoscaler would have done to the recorded traffic; changes nothing').requiredOption('-f, --file <file>', 'with the autoscaler').option('--since <time>', 'so long until now', '1h').option('--start-up <time>', 'that an instance takes to start; 1s if not given').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/autoscaler.ts')).replayAutoscaler(session, flags)))
  const sla = program.command('sla').description('what is promised of clusters')
  sla.command('show').description('what is promised').argument('<place>', 'deployment/cluster').option(...OUTPUT)
    .action((place, flags) => ask(async session => (await import('../commands/sla.ts')).showSla(session, place, flags)))
  sla.command('set').description('promise something').argument('<place>', 'deployment/cluster').argument('[sla]', 'the name of a stored one').option('-f, --file <file>', 'where one is written')
    .action((place, name, flags) => ask(async session => (await import('../commands/sla.ts')).setSla(session, place, name, flags)))
  sla.command('remove').description('promise nothing any more').argument('<place>', 'deployment/cluster')
    .action(place => ask(async session => (await import('../commands/sla.ts')).removeSla(session, place)))
}
