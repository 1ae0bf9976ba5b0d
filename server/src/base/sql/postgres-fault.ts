/** What PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html) and the way to it say when they are the trouble; everything else is a bug and stays as it is. */
import { Fault } from '@vamp/model/fault'

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])
/** Said by the client library without a code. */
const DISCONNECTED = /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|not queryable|pool after calling end/i

export function postgresFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault) return error
  const { code = '' } = error as { code?: string }
  const fault = (message: string, kind: 'store_unavailable' | 'disk_full' = 'store_unavailable') => new Fault(kind, message, { reason: error.message, ...(code ? { code } : {}) }, { cause: error })
  if (code === '53100') return fault('no space left for the database; nothing of this write was kept', 'disk_full')
  // 08: connection, 53: resources, 57: shut down or starting up, 58: the disk beneath.
  if (/^(08|53|57|58)/.test(code) || UNREACHABLE.has(code) || DISCONNECTED.test(error.message)) return fault('PostgreSQL does not answer')
  if (/^28/.test(code)) return fault('PostgreSQL does not accept the user or password')
  if (code === '3D000') return fault('PostgreSQL has no such database')
  if (code === '42501') return fault('the PostgreSQL user may not do this')
  if (code === '22021') return new Fault('invalid', 'text must not have NUL characters', {}, { cause: error })
  if (code === '25P03') return fault('PostgreSQL gave the transaction up: this server was silent for too long')
  // A deadlock or a serialisation failure: the transaction was taken back and can be tried again.
  if (/^40/.test(code)) return fault('PostgreSQL took the transaction back')
  return error
}
