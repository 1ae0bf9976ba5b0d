/** One run of a command: a server to ask and a terminal to tell. */
import { type Client, openClient } from '@vamp/client/client'
import type { Io } from './io.ts'
import type { Options } from './options.ts'

export interface Session {
  readonly client: Client
  readonly io: Io
  readonly options: Options
}

export function openSession(options: Options, io: Io): Session {
  return { client: openClient({ url: options.host, sleep: ms => io.sleep(ms), ...(options.token === undefined ? {} : { token: options.token }) }), io, options }
}
