/** A command line from its words to its exit code. */
import { CommanderError } from 'commander'
import { EXIT } from './exit-code.ts'
import { tellFailure } from './failure.ts'
import type { Io } from './io.ts'
import type { Environment } from './options.ts'
import { buildProgram } from './program.ts'

export async function run(words: readonly string[], io: Io, environment: Environment): Promise<number> {
  let exit: number = EXIT.ok
  try {
    await buildProgram({ io, environment, end: code => { exit = code } }).parseAsync([...words], { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return tellFailure(error, io)
  }
}
