/** Verbs that show things, and change nothing. */
import type { Command } from 'commander'
import { asking, collect, HEADER, KINDS, OUTPUT, type ProgramContext } from './verb.ts'

export function addReading(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('get').alias('list').description('show things').argument('<kind>', KINDS).argument('[name...]').option(...OUTPUT).option('-w, --watch', 'go on showing')
    .action((kind, names, flags) => ask(async session => (await import('../commands/get.ts')).get(session, kind, names, flags)))
  program.command('describe').description('everything about one thing, for a person').argument('<kind>', KINDS).argument('<name>')
    .action((kind, name) => ask(async session => (await import('../commands/describe.ts')).describe(session, kind, name)))
  program.command('history').description('who changed a thing, when and how').argument('<kind>', KINDS).argument('<name>').option('--diff', 'with what was changed, line by line').option('--show <revision>', 'as it was then: vamp history breed web:1.0 --show 2 | vamp apply -f -').option(...OUTPUT)
    .action((kind, name, flags) => ask(async session => (await import('../commands/history.ts')).history(session, kind, name, flags)))
  program.command('events').description('what happened, oldest first').option('-t, --tag <tag>', 'only with this tag; repeatable', collect, []).option('--type <type>', 'only of this type')
    .option('-n, --limit <number>', 'the newest so many', '30').option('--since <time>', '10m, 2h, 1d, or a moment').option('--from <time>', 'the same as --since').option('--to <time>', 'until then: 10m ago, or a moment')
    .option('-f, --follow', 'and what happens from now on').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/events.ts')).events(session, flags)))
  program.command('logs').description('what instances print').argument('[place]', 'deployment, deployment/cluster or deployment/cluster/service').option('-f, --follow', 'and what they print from now on')
    .option('--tail <lines>', 'so many of the last lines of each instance', '100').option('--since <time>', '10m, 2h, 1d, or a moment').option('--download <file>', 'everything they have printed, into a file').option('--instance <name>', 'of one instance').option('--timestamps', 'with the moment each line was printed').option('--server', 'the log of the server itself, as it is written').option('--level <level>', 'of --server: debug, info, warn, error')
    .action((place, flags) => ask(async session => (await import('../commands/logs.ts')).logs(session, place, flags)))
}

export function addLooking(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('metrics').description('what visitors got: rate, errors and percentiles, with a small chart').argument('[place]', 'deployment, deployment/cluster or deployment/cluster/service')
    .option('--since <duration>', 'so long until now', '10m').option('--step <duration>', 'of each point; as fine as fits if not given').option('--gateway <name>', 'what passes this gateway').option('--instance <name>', 'of one instance')
    .option('-p, --percentile <number>', 'such as 99.9; repeatable', collect, []).option('--by <grouping>', 'and of each gateway, route, instance, service or deployment; repeatable', collect, []).option(...OUTPUT)
    .action((place, flags) => ask(async session => (await import('../commands/metrics.ts')).metrics(session, place, flags)))
  program.command('select').description('the services that run, as the selectors of routes and gateways see them').argument('[selector]', 'which of them').option(...OUTPUT)
    .action((selector, flags) => ask(async session => (await import('../commands/inside.ts')).select(session, selector, flags)))
  program.command('trace').description('which rule, route, version and instance a request would take, and why; nothing is sent').argument('<target>', 'an address such as http://127.0.0.1:9050/, or the name of a gateway').argument('[path]', 'of the request')
    .option(...HEADER).option('--cookie <cookie>', "'name=value'; repeatable", collect, []).option('--method <method>', 'of the request', 'GET').option('--ip <address>', 'of the visitor').option('--country <code>', 'of that address').option(...OUTPUT)
    .action((target, path, flags) => ask(async session => (await import('../commands/trace.ts')).trace(session, target, path, flags)))
  program.command('top').description('gateways, versions and instances with what visitors get just now').option('--since <duration>', 'over so long', '10s').option('--gateway <name>', 'only this one').option('--once', 'show it once').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/top.ts')).top(session, flags)))
}
