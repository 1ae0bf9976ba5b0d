/** Verbs for releases. */
import type { Command } from 'commander'
import { asking, OUTPUT, type ProgramContext } from './verb.ts'

export function addRelease(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const release = program.command('release').description('bring a new version to the traffic, step by step, judged on every request')
    .usage('<deployment/cluster> --to <breed> [options]\n       vamp release <command> [options]').addHelpText('after', '\nvamp release shop/web --to web:1.1 begins a release; vamp release start --help shows its options.\n')
  release.command('start', { isDefault: true }).description('begin a release').argument('[place]', 'deployment/cluster').option('--to <breed>', 'the new version; needed').option('--from <breed>', 'the old one; what holds the traffic if not given')
    .option('--name <name>', 'of the release').option('--audience <condition>', 'only these visitors take part').option('--instances <number>', 'what the new version starts with').option('--confidence <percent>', '99 if not given')
    .option('--strategy <strategy>', 'canary, blue-green, rolling, shadow, or experiment with several versions: --to a,b').option('--replace', 'abort a release of the same cluster that is under way, instead of waiting for it').option('--plan', 'show what would be stored').option('-w, --watch', 'and follow it')
    .action((place, flags) => ask(async session => (await import('../commands/release.ts')).startRelease(session, place, flags)))
  release.command('status').description('where it is, why, and what comes next; all of them without a name').argument('[name]').option('-w, --watch', 'until it is over: exit code 0 if it was promoted').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('../commands/release.ts')).releaseStatus(session, name, flags)))
  release.command('list').description('where each of them is').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/release.ts')).releaseStatus(session, undefined, flags)))
  release.command('replay').description('decide a recorded release again, here, under its own policy or another one').argument('<release>', 'a name, or a file with its decisions').option('--policy <file>', 'a release whose policy is tried').option(...OUTPUT)
    .action((from, flags) => ask(async session => (await import('../commands/replay.ts')).replay(session, from, flags)))
  release.command('decisions').description('what each second was judged on and what was decided, one JSON document a line').argument('<name>')
    .action(name => ask(async session => (await import('../commands/replay.ts')).decisions(session, name)))
  release.command('import').description('a Canary of Flagger or a Rollout of Argo as a release, and what could not be carried over').argument('<file>', 'or - for the standard input').option('--deployment <name>', 'instead of the namespace').option('--to <breed>', 'the new version')
    .action(async (file, flags) => { context.end(await (await import('../commands/import.ts')).importRelease(context.io, file, flags)) })
  const orders = { pause: 'stop the ramp; roll-back stays armed', resume: 'go on', promote: 'give it all the traffic', abort: 'end it: back to the old version', rollback: 'back to the old version, also after promotion while it is warm' } as const
  for (const [order, help] of Object.entries(orders) as [keyof typeof orders, string][])
    release.command(order).description(help).argument('<name>').option('--reason <text>', 'kept with the event')
      .action((name, flags) => ask(async session => (await import('../commands/release.ts')).orderRelease(session, order, name, flags)))
  release.command('approve').description('open a gate that waits for a person').argument('<name>').option('--gate <who>', 'whom the gate waits for; the first closed one if not given').option('--reason <text>', 'kept with the event')
    .action((name, flags) => ask(async session => (await import('../commands/release.ts')).approveRelease(session, name, flags)))
  release.command('weight').description('set the share of the new version by hand; the ramp pauses').argument('<name>').argument('<percent>').option('--reason <text>', 'kept with the event')
    .action((name, percent, flags) => ask(async session => (await import('../commands/release.ts')).weighRelease(session, name, percent, flags)))
  program.command('image').description('images that begin releases, where a cluster has a policy for it')
    .command('pushed').description('tell of an image, as a registry does').argument('<image...>', 'with its tag').option(...OUTPUT)
    .action((images, flags) => ask(async session => (await import('../commands/image.ts')).imagePushed(session, images, flags)))
}
