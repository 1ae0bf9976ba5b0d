/**
 * Connections that have left HTTP. The HTTP server no longer knows them, so it neither times them out nor closes them: one that
 * was refused would stay open for ever, and one whose client is silent would keep the server from ending.
 */
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '@vamp/agent/base/clock'
import { FAREWELL_MS } from './limits.ts'

export interface Upgraded {
  /** To be called when a request has been answered: on such a connection no other follows. */
  answered(connection: Duplex): void
  /** Ends all of them, politely for a moment. Returns what calls that off. */
  end(): () => void
}

export function upgradedConnections(server: Server, clock: Clock): Upgraded {
  const open = new Set<Duplex>()
  server.on('upgrade', (_, connection) => {
    open.add(connection)
    connection.once('close', () => open.delete(connection))
  })
  return {
    answered(connection) { if (open.has(connection)) connection.end(() => connection.destroy()) },
    end: () => clock.after(FAREWELL_MS, () => { for (const connection of open) connection.destroy() }),
  }
}
