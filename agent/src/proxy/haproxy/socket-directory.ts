/** Where a HAProxy can live: the path of a Unix socket is short, and HAProxy's configuration has words of its own. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BYTES_MAX = 75

/** Below the data directory if its path allows it, otherwise below the system's temporary one; always the same for the same data directory, which is absolute. */
export function socketDirectory(data: string): string {
  const wanted = join(data, 'haproxy')
  if (Buffer.byteLength(wanted) <= BYTES_MAX && /^\/[\w./-]+$/.test(wanted)) return wanted
  return join(tmpdir(), `vamp-${createHash('sha256').update(data).digest('hex').slice(0, 16)}`)
}
