/** Every verb with its arguments and help. What a verb does is loaded when it is used: starting is what a command line does most. */
import { Command } from 'commander'
import { EXIT_HELP } from './exit-code.ts'
import { CLIENT_OPTIONS } from './options.ts'
import { addContexts, addTokens } from './verbs/access.ts'
import { addBeginning } from './verbs/beginning.ts'
import { addDocuments } from './verbs/documents.ts'
import { addOriginal } from './verbs/original.ts'
import { addLooking, addReading } from './verbs/reading.ts'
import { addRelease } from './verbs/release.ts'
import { addRunning, addScaling } from './verbs/running.ts'
import { addCopies, addOptions, addServer, addStart } from './verbs/server.ts'
import type { ProgramContext } from './verbs/verb.ts'
import { addWorkflow } from './verbs/workflow.ts'
import { VERSION } from './version.ts'

/** In the order of the help: first what comes first. */
const VERBS = [
  { heading: 'Begin:', add: [addStart, addBeginning] },
  { heading: 'Documents:', add: [addDocuments] },
  { heading: 'Look:', add: [addReading, addLooking] },
  { heading: 'Release:', add: [addRelease] },
  { heading: 'Run and scale:', add: [addRunning, addScaling] },
  { heading: 'Automate:', add: [addWorkflow] },
  { heading: 'The server:', add: [addServer, addOptions, addTokens, addContexts, addCopies] },
  { heading: 'As in the original:', add: [addOriginal] },
]

export function buildProgram(context: ProgramContext): Command {
  const { io } = context
  const program = new Command('vamp').description('Releases new versions of services safely, and keeps services at the right size.')
    .version(`vamp ${VERSION}`, '-v, --version', 'of this program; vamp version also tells that of the server').exitOverride().configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .showSuggestionAfterError().helpCommand('help [command]', 'show help for a command').addHelpText('after', `\n${EXIT_HELP}\n`)
  for (const { flag, help, env, fallback } of CLIENT_OPTIONS) program.option(flag, `${help} (${env}${fallback === undefined ? '' : `; ${fallback} if not given`})`)
  program.option('--context <name>', 'one of the servers that vamp context knows (VAMP_CONTEXT)')
  for (const { heading, add } of VERBS) {
    program.commandsGroup(heading)
    for (const each of add) each(program, context)
  }
  return program
}
