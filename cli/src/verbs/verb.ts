/** What the verbs have in common: options of the same name mean the same everywhere, and an action gets a server to ask. */
import type { Command } from 'commander'
import { chosenContext, readContexts } from '../contexts.ts'
import type { Io } from '../io.ts'
import { type Environment, type Options, readOptions } from '../options.ts'
import { openSession, type Session } from '../session.ts'

export interface ProgramContext {
  readonly io: Io
  readonly environment: Environment
  /** Takes a command's exit code. */
  readonly end: (exit: number) => void
}

export const OUTPUT = ['-o, --output <form>', 'json, yaml, name or wide'] as const
export const FILE = ['-f, --file <file>', 'a file, a directory, or - for the standard input; repeatable'] as const
export const KINDS = 'breed, blueprint, deployment, gateway, release, scale, condition, sla, workflow …, in singular or plural; instances, nodes, tokens'
export const collect = (value: string, before: readonly string[] = []) => [...before, value]
export const HEADER = ['--header <header>', "'name: value'; repeatable", collect, [] as readonly string[]] as const

/** Runs an action with a session; its exit code is the program's. */
export function asking(program: Command, { io, environment, end }: ProgramContext) {
  return async (action: (session: Session) => Promise<number>) => { end(await action(openSession(await optionsOf(program.optsWithGlobals(), environment), io))) }
}

async function optionsOf(flags: Readonly<Record<string, unknown>>, environment: Environment): Promise<Options> {
  const asked = typeof flags['context'] === 'string' ? flags['context'] : environment['VAMP_CONTEXT'] || undefined
  const given = flags['host'] !== undefined || Boolean(environment['VAMP_HOST'])
  return readOptions(flags, environment, chosenContext(await readContexts(environment), asked, given))
}
