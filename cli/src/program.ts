/** Every verb with its arguments and help. What a verb does is loaded when it is used: starting is what a command line does most. */
import { Command } from 'commander'
import { EXIT_HELP } from './exit-code.ts'
import type { Io } from './io.ts'
import { chosenContext, readContexts } from './contexts.ts'
import { CLIENT_OPTIONS, type Environment, type Options, readOptions } from './options.ts'
import { openSession, type Session } from './session.ts'

export interface ProgramContext {
  readonly io: Io
  readonly environment: Environment
  /** Takes a command's exit code. */
  readonly end: (exit: number) => void
}

const OUTPUT = ['-o, --output <form>', 'json, yaml, name or wide'] as const
const FILE = ['-f, --file <file>', 'a file, a directory, or - for the standard input; repeatable'] as const
const KINDS = 'breed, blueprint, deployment, gateway, release, scale, condition, sla, workflow …, in singular or plural; instances, nodes, tokens'
const collect = (value: string, before: readonly string[] = []) => [...before, value]
const HEADER = ['--header <header>', "'name: value'; repeatable", collect, [] as readonly string[]] as const

export function buildProgram(context: ProgramContext): Command {
  const { io } = context
  const program = new Command('vamp').description('Releases new versions of services safely, and keeps services at the right size.')
    .exitOverride().configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .showSuggestionAfterError().helpCommand('help [command]', 'show help for a command').addHelpText('after', `\n${EXIT_HELP}\n`)
  for (const { flag, help, env, fallback } of CLIENT_OPTIONS) program.option(flag, `${help} (${env}${fallback === undefined ? '' : `; ${fallback} if not given`})`)
  program.option('--context <name>', 'one of the servers that vamp context knows (VAMP_CONTEXT)')
  addServer(program, context)
  addCopies(program, context)
  addDocuments(program, context)
  addReading(program, context)
  addRelease(program, context)
  addScaling(program, context)
  addRunning(program, context)
  addWorkflow(program, context)
  addLooking(program, context)
  addTokens(program, context)
  addOptions(program, context)
  addContexts(program, context)
  addBeginning(program, context)
  addOriginal(program, context)
  return program
}

/** Runs an action with a session; its exit code is the program's. */
function asking(program: Command, { io, environment, end }: ProgramContext) {
  return async (action: (session: Session) => Promise<number>) => { end(await action(openSession(await optionsOf(program.optsWithGlobals(), environment), io))) }
}

async function optionsOf(flags: Readonly<Record<string, unknown>>, environment: Environment): Promise<Options> {
  const asked = typeof flags['context'] === 'string' ? flags['context'] : environment['VAMP_CONTEXT'] || undefined
  const given = flags['host'] !== undefined || Boolean(environment['VAMP_HOST'])
  return readOptions(flags, environment, chosenContext(await readContexts(environment), asked, given))
}

/** The server's flags are the server's: they are read where they are used. */
function addServer(program: Command, { io, environment, end }: ProgramContext): void {
  program.command('up').description('start the server').allowUnknownOption().helpOption(false).argument('[flags...]')
    .action(async (_, __, command: Command) => { end(await (await import('./commands/up.ts')).up(command.args, io, environment)) })
  program.command('demo').description('a small shop, one good release and two bad ones, judged on live traffic').allowUnknownOption().helpOption(false).argument('[flags...]')
    .action(async (_, __, command: Command) => { end(await (await import('./commands/demo.ts')).demo(command.args, io, environment)) })
  program.command('version').description('of this program and of the server').option(...OUTPUT)
    .action(flags => asking(program, { io, environment, end })(async session => (await import('./commands/version.ts')).version(session, flags)))
}

/** On files of this machine, without a server. */
function addCopies(program: Command, { io, environment, end }: ProgramContext): void {
  const data = ['--data <directory>', 'of the server (VAMP_DATA)', environment['VAMP_DATA'] ?? '.vamp'] as const
  program.command('backup').description('copy everything that a server keeps into a file, also while it runs; PostgreSQL has pg_dump for this').argument('<file>').option(...data)
    .action(async (file, flags) => { end(await (await import('./commands/backup.ts')).backup(io, file, flags)) })
  program.command('restore').description('bring a backup back into a directory without a database, for a server that does not run yet').argument('<file>').option(...data)
    .action(async (file, flags) => { end(await (await import('./commands/backup.ts')).restore(io, file, flags)) })
}

function addDocuments(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('apply').description('store everything in files, and deploy what is a blueprint; nothing happens if one document is wrong')
    .requiredOption(...FILE, collect).option('--no-deploy', 'only store blueprints; otherwise each is deployed as a deployment of its own name')
    .option('--plan', 'show what would change and change nothing').option('--wait', 'until the deployments are done').option('--timeout <seconds>', 'of --wait', '300').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/apply.ts')).apply(session, flags)))
  program.command('deploy').description('run a stored blueprint, or what is in files').argument('[blueprint]').option(FILE[0], FILE[1], collect).option('--as <deployment>', 'its name; the blueprint\'s if not given')
    .option('--wait', 'until everything is ready').option('--timeout <seconds>', 'of --wait', '300').option(...OUTPUT)
    .action((blueprint, flags) => ask(async session => (await import('./commands/deploy.ts')).deploy(session, blueprint, flags)))
  program.command('diff').description('what apply would change').requiredOption(...FILE, collect).option('--no-deploy', 'without deploying blueprints').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/apply.ts')).apply(session, { ...flags, plan: true })))
  program.command('delete').description('remove things; a deployment loses all of its services').argument('[kind]', KINDS).argument('[name...]').option(...FILE, collect)
    .action((kind, names, flags) => ask(async session => (await import('./commands/delete.ts')).remove(session, kind, names, flags)))
  program.command('lint').description('find what is wrong with files, without a server').argument('<file...>', 'files, directories, or -')
    .action(async files => { context.end(await (await import('./commands/lint.ts')).lint(context.io, files)) })
  program.command('fmt').description('write files in the canonical form, as get -o yaml shows things; all of them or none').argument('<file...>', 'files, directories, or - for the standard input')
    .option('--check', 'change nothing, and fail if something would change').option('--force', 'also where comments are lost')
    .action(async (files, flags) => { context.end(await (await import('./commands/fmt.ts')).fmt(context.io, files, flags)) })
}

function addReading(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('get').alias('list').description('show things').argument('<kind>', KINDS).argument('[name...]').option(...OUTPUT).option('-w, --watch', 'go on showing')
    .action((kind, names, flags) => ask(async session => (await import('./commands/get.ts')).get(session, kind, names, flags)))
  program.command('describe').description('everything about one thing, for a person').argument('<kind>', KINDS).argument('<name>')
    .action((kind, name) => ask(async session => (await import('./commands/describe.ts')).describe(session, kind, name)))
  program.command('events').description('what happened, oldest first').option('-t, --tag <tag>', 'only with this tag; repeatable', collect, []).option('--type <type>', 'only of this type')
    .option('-n, --limit <number>', 'the newest so many', '30').option('--since <time>', '10m, 2h, 1d, or a moment').option('-f, --follow', 'and what happens from now on').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/events.ts')).events(session, flags)))
  program.command('logs').description('what instances print').argument('[place]', 'deployment, deployment/cluster or deployment/cluster/service').option('-f, --follow', 'and what they print from now on')
    .option('--tail <lines>', 'so many of the last lines of each instance', '100').option('--since <time>', '10m, 2h, 1d, or a moment').option('--download <file>', 'everything they have printed, into a file').option('--instance <name>', 'of one instance').option('--server', 'the log of the server itself, as it is written').option('--level <level>', 'of --server: debug, info, warn, error')
    .action((place, flags) => ask(async session => (await import('./commands/logs.ts')).logs(session, place, flags)))
}

function addRelease(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const release = program.command('release').description('bring a new version to the traffic, step by step, judged on every request')
  release.command('start', { isDefault: true }).description('begin a release').argument('<place>', 'deployment/cluster').requiredOption('--to <breed>', 'the new version').option('--from <breed>', 'the old one; what holds the traffic if not given')
    .option('--name <name>', 'of the release').option('--audience <condition>', 'only these visitors take part').option('--instances <number>', 'what the new version starts with').option('--confidence <percent>', '99 if not given')
    .option('--strategy <strategy>', 'canary, blue-green, rolling, shadow, or experiment with several versions: --to a,b').option('--replace', 'abort a release of the same cluster that is under way, instead of waiting for it').option('--plan', 'show what would be stored').option('-w, --watch', 'and follow it')
    .action((place, flags) => ask(async session => (await import('./commands/release.ts')).startRelease(session, place, flags)))
  release.command('status').description('where it is, why, and what comes next; all of them without a name').argument('[name]').option('-w, --watch', 'until it is over: exit code 0 if it was promoted').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('./commands/release.ts')).releaseStatus(session, name, flags)))
  release.command('replay').description('decide a recorded release again, here, under its own policy or another one').argument('<release>', 'a name, or a file with its decisions').option('--policy <file>', 'a release whose policy is tried').option(...OUTPUT)
    .action((from, flags) => ask(async session => (await import('./commands/replay.ts')).replay(session, from, flags)))
  release.command('decisions').description('what each second was judged on and what was decided, one JSON document a line').argument('<name>')
    .action(name => ask(async session => (await import('./commands/replay.ts')).decisions(session, name)))
  release.command('import').description('a Canary of Flagger or a Rollout of Argo as a release, and what could not be carried over').argument('<file>', 'or - for the standard input').option('--deployment <name>', 'instead of the namespace').option('--to <breed>', 'the new version')
    .action(async (file, flags) => { context.end(await (await import('./commands/import.ts')).importRelease(context.io, file, flags)) })
  const orders = { pause: 'stop the ramp; roll-back stays armed', resume: 'go on', promote: 'give it all the traffic', abort: 'end it: back to the old version', rollback: 'back to the old version, also after promotion while it is warm' } as const
  for (const [order, help] of Object.entries(orders) as [keyof typeof orders, string][])
    release.command(order).description(help).argument('<name>').option('--reason <text>', 'kept with the event')
      .action((name, flags) => ask(async session => (await import('./commands/release.ts')).orderRelease(session, order, name, flags)))
  release.command('approve').description('open a gate that waits for a person').argument('<name>').option('--gate <who>', 'whom the gate waits for; the first closed one if not given').option('--reason <text>', 'kept with the event')
    .action((name, flags) => ask(async session => (await import('./commands/release.ts')).approveRelease(session, name, flags)))
  release.command('weight').description('set the share of the new version by hand; the ramp pauses').argument('<name>').argument('<percent>').option('--reason <text>', 'kept with the event')
    .action((name, percent, flags) => ask(async session => (await import('./commands/release.ts')).weighRelease(session, name, percent, flags)))
}

function addScaling(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('explain').description('why the services of a cluster have the size they have').argument('<place>', 'deployment/cluster or deployment/cluster/service').option(...OUTPUT)
    .action((place, flags) => ask(async session => (await import('./commands/explain.ts')).explain(session, place, flags)))
  const autoscaler = program.command('autoscaler').description('what autoscalers see, want and are granted')
  autoscaler.command('status', { isDefault: true }).description('of one with its last minutes, or of all of them without a name').argument('[name]').option('-w, --watch', 'again every second').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('./commands/autoscaler.ts')).autoscalerStatus(session, name, flags)))
  autoscaler.command('replay').description('what an autoscaler would have done to the recorded traffic; changes nothing').requiredOption('-f, --file <file>', 'with the autoscaler').option('--since <time>', 'so long until now', '1h').option('--start-up <time>', 'that an instance takes to start; 1s if not given').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/autoscaler.ts')).replayAutoscaler(session, flags)))
}

function addRunning(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('scale').description('change the size of a service').argument('<place>', 'deployment/cluster or deployment/cluster/service').argument('[instances]').option('--cpu <cores>').option('--memory <size>', 'such as 64MB').option('--warm <number>', 'spare instances, started and paused')
    .action((place, count, flags) => ask(async session => (await import('./commands/scale.ts')).scale(session, place, count, flags)))
  const node = program.command('node').description('the machines that instances run on; vamp get nodes shows them')
  for (const [verb, availability, help] of [['drain', 'drain', 'replace what runs there elsewhere, one after the other'], ['pause', 'pause', 'give it nothing new'], ['activate', 'active', 'let it take instances again']] as const)
    node.command(verb).description(help).argument('<name>').action(name => ask(async session => (await import('./commands/node.ts')).setNode(session, name, availability)))
  program.command('traffic').description('visitors for a first try: requests at a steady rate to a gateway, until Ctrl-C').argument('<url>').option('--rate <number>', 'per second', '100').option('--seconds <number>', 'end after so long')
    .option('--path <path>', 'in turn, instead of the one in the address; repeatable', collect, []).option('--method <method>', 'of every request', 'GET').option(...HEADER).option(...OUTPUT)
    .action((url, flags) => ask(async session => (await import('./commands/traffic.ts')).traffic(session, url, flags)))
  program.command('undeploy').description('end a deployment, or one of its services').argument('<deployment>').option('-s, --service <breed>', 'only this version; it must hold no traffic')
    .action((name, flags) => ask(async session => (await import('./commands/undeploy.ts')).undeploy(session, name, flags)))
}

function addWorkflow(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const load = () => import('./commands/workflow.ts')
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
  const orders = { suspend: ['suspending', 'end what runs and begin nothing more'], resume: ['starting', 'go on'], restart: ['restarting', 'end what runs and begin again'], stop: ['stopping', 'end it and remove it'] } as const
  for (const [order, [status, help]] of Object.entries(orders))
    workflow.command(order).description(help).argument('<name>').action(name => ask(async session => (await load()).orderWorkflow(session, name, status)))
}

function addLooking(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('metrics').description('what visitors got: rate, errors and percentiles, with a small chart').argument('[place]', 'deployment, deployment/cluster or deployment/cluster/service')
    .option('--since <duration>', 'so long until now', '10m').option('--step <duration>', 'of each point; as fine as fits if not given').option('--gateway <name>', 'what passes this gateway').option('--instance <name>', 'of one instance')
    .option('-p, --percentile <number>', 'such as 99.9; repeatable', collect, []).option(...OUTPUT)
    .action((place, flags) => ask(async session => (await import('./commands/metrics.ts')).metrics(session, place, flags)))
  program.command('trace').description('which rule, route, version and instance a request would take, and why; nothing is sent').argument('<target>', 'an address such as http://127.0.0.1:9050/, or the name of a gateway').argument('[path]', 'of the request')
    .option(...HEADER).option('--cookie <cookie>', "'name=value'; repeatable", collect, []).option('--method <method>', 'of the request', 'GET').option('--ip <address>', 'of the visitor').option('--country <code>', 'of that address').option(...OUTPUT)
    .action((target, path, flags) => ask(async session => (await import('./commands/trace.ts')).trace(session, target, path, flags)))
  program.command('top').description('gateways, versions and instances with what visitors get just now').option('--since <duration>', 'over so long', '10s').option('--gateway <name>', 'only this one').option('--once', 'show it once').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/top.ts')).top(session, flags)))
}

function addTokens(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const token = program.command('token').description('who may use the API')
  token.command('create').description('make one; it is shown once').argument('<name>').requiredOption('--role <role>', 'viewer, operator or admin').option(...OUTPUT)
    .action((name, flags) => ask(async session => (await import('./commands/token.ts')).createToken(session, name, flags)))
  token.command('list').description('show all').option(...OUTPUT).action(flags => ask(async session => (await import('./commands/get.ts')).get(session, 'tokens', [], flags)))
  token.command('revoke').description('end one at once').argument('<name>').action(name => ask(async session => (await import('./commands/token.ts')).revokeToken(session, name)))
}

function addOptions(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const config = program.command('config').description('the options of the server').option('--type <layer>', 'applied, dynamic, system, environment or reference', 'applied').option(...OUTPUT)
    .action(flags => ask(async session => (await import('./commands/config.ts')).showConfig(session, flags)))
  config.command('set').description('change options while the server runs, for good').argument('<option=value...>')
    .action(pairs => ask(async session => (await import('./commands/config.ts')).setConfig(session, pairs)))
  config.command('unset').description('back to what the server was started with').argument('<option...>')
    .action(options => ask(async session => (await import('./commands/config.ts')).unsetConfig(session, options)))
}

/** Which server is meant; on this machine alone. */
function addContexts(program: Command, { io, environment, end }: ProgramContext): void {
  const module = () => import('./commands/context.ts')
  const context = program.command('context').description('several servers under names, one of which is used')
  context.command('add').description('name a server, and use it').argument('<name>').option('--host <url>', 'the server').option('--token <token>', 'kept for this server, readable by you only')
    .action(async (name, _, command: Command) => { end(await (await module()).addContext(io, environment, name, command.optsWithGlobals())) })
  context.command('use').description('use another one from now on').argument('<context>').action(async name => { end(await (await module()).useContext(io, environment, name)) })
  context.command('list', { isDefault: true }).description('show all; a star marks the one that is used').option(...OUTPUT).action(async flags => { end(await (await module()).listContexts(io, environment, flags)) })
  context.command('remove').description('forget one').argument('<context>').action(async name => { end(await (await module()).removeContext(io, environment, name)) })
}

/** A first project, and a shell that helps. */
function addBeginning(program: Command, context: ProgramContext): void {
  const { io, environment, end } = context
  program.command('init').description('write a commented project: what runs, and how its next version is released').argument('[directory]', 'where; here if not given')
    .option('--name <name>', 'of the deployment; that of the directory if not given').option('--image <image>', 'a container image that it runs').option('--command <command>', 'a program that it runs, such as "node server.js"').option('--compose <file>', 'a Docker Compose file')
    .option('--port <number>', 'where the image or program listens; a program that reads PORT needs none').option('--gateway-port <number>', 'where visitors come in', '9050').option('--force', 'also over files that are there')
    .action(async (directory, flags) => { end(await (await import('./commands/init.ts')).init(io, directory ?? '.', flags)) })
  program.command('completion').description('what a shell needs to complete vamp: source <(vamp completion bash)').argument('<shell>', 'bash, zsh or fish')
    .action(async shell => { end(await (await import('./commands/completion.ts')).completion(io, shell)) })
  program.command('complete', { hidden: true }).allowUnknownOption().helpOption(false).argument('[words...]')
    .action(async (_, __, command: Command) => { end(await (await import('./commands/complete.ts')).complete(program, command.args, environment, io)) })
}

/** Verbs as the original's command line had them, beside the newer ones. */
function addOriginal(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  const module = () => import('./commands/original.ts')
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
