/** The servers that an agent may ask, and which of them it asks now. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

export interface HttpOptions {
  /** `http://vamp.example:8080`; of several, each of which passes on what the leader should get, the first that answers is asked. */
  readonly servers: readonly string[]
  readonly agent: string
  readonly token?: string
  readonly clock: Clock
  readonly log: Logger
}

export interface InTurn { readonly current: string; /** The next one is asked, unless that happened already. */ failed(server: string): void }

export function inTurn(servers: readonly string[]): InTurn {
  let turn = 0
  const current = () => servers[turn % servers.length] ?? ''
  return { get current() { return current() }, failed(server) { if (server === current()) turn++ } }
}
