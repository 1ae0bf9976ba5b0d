/** One connection that listens. When it breaks it is made again, and everybody is told that they may have missed something. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Client } from 'pg'
import { postgresFault } from './postgres-fault.ts'

const RECONNECT_MS = 1000
/** A connection that is gone without a farewell is found out by this question. */
const PROBE_MS = 15_000
const PROBE_TIMEOUT_MS = 10_000

export interface PostgresListener extends AsyncDisposable {
  /** Resolves when listening; throws `Fault('store_unavailable')`. */
  listen(channel: string, heard: (payload: string) => void, missed: () => void): Promise<() => void>
}

interface Ear { readonly channel: string; readonly heard: (payload: string) => void; readonly missed: () => void }

export function openPostgresListener({ connect, clock, log }: { connect: () => Client; clock: Clock; log: Logger }): PostgresListener {
  const ears = new Set<Ear>()
  let opening: Promise<Client> | undefined
  let closed = false
  let cancelProbe = () => {}
  let cancelReconnect = () => {}

  async function open(): Promise<Client> {
    const client = connect()
    client.on('notification', ({ channel, payload = '' }) => {
      for (const ear of ears) if (ear.channel === channel) ear.heard(payload)
    })
    // Without a listener an error of the connection would end the process.
    let lost = false
    const lose = (error?: Error) => {
      if (lost) return
      lost = true
      void client.end().catch(() => {})
      if (!closed && opening) { opening = undefined; reconnect(error) }
    }
    client.on('error', lose)
    client.on('end', () => lose())
    try {
      await client.connect()
      for (const channel of new Set([...ears].map(ear => ear.channel))) await client.query(`listen ${client.escapeIdentifier(channel)}`)
    } catch (error) {
      lost = true
      void client.end().catch(() => {})
      throw postgresFault(error)
    }
    probe(client, lose)
    return client
  }

  function probe(client: Client, lose: (error?: Error) => void): void {
    cancelProbe = clock.after(PROBE_MS, () => {
      const cancel = clock.after(PROBE_TIMEOUT_MS, () => lose(new Error('no answer')))
      void client.query('select 1').then(() => { cancel(); if (!closed) probe(client, lose) }, () => { cancel(); lose() })
    })
  }

  function reconnect(error?: unknown): void {
    log.warn('what others write is not heard at the moment: the connection to PostgreSQL broke', { retryMs: RECONNECT_MS, error })
    cancelProbe()
    cancelReconnect = clock.after(RECONNECT_MS, () => {
      if (closed || ears.size === 0) return
      const attempt = open()
      opening = attempt
      attempt.then(() => {
        log.info('listening to PostgreSQL again')
        for (const ear of ears) ear.missed()
      }, failure => { if (opening === attempt) opening = undefined; if (!closed) reconnect(failure) })
    })
  }

  return {
    async listen(channel, heard, missed) {
      const ear: Ear = { channel, heard, missed }
      ears.add(ear)
      try {
        opening ??= open()
        const client = await opening
        await client.query(`listen ${client.escapeIdentifier(channel)}`)
      } catch (error) {
        ears.delete(ear)
        opening = undefined
        throw postgresFault(error)
      }
      return () => { ears.delete(ear) }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      cancelProbe()
      cancelReconnect()
      ears.clear()
      await opening?.then(client => client.end(), () => {}).catch(() => {})
    },
  }
}
