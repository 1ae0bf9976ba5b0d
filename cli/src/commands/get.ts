/** `vamp get deployments`, `vamp get breed web:1.0 -o yaml`, `vamp get instances --watch` */
import { releases } from '@vamp/model/api/releases'
import { sheetOf } from '../columns.ts'
import { EXIT } from '../exit-code.ts'
import { listAll, listedOf, readOne, type Row } from '../kinds.ts'
import { asData, asRows, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { watch } from '../watch.ts'

export interface GetFlags { readonly output?: string; readonly watch?: boolean }

export async function get(session: Session, word: string, names: readonly string[], flags: GetFlags): Promise<number> {
  const kind = listedOf(word)
  const form = formOf(flags.output)
  const { io } = session
  const show = async () => {
    const rows: readonly Row[] = names.length === 0 ? await listAll(session, kind) : await Promise.all(names.map(name => readOne(session, kind, name)))
    if (names.length === 1 && (form === 'json' || form === 'yaml')) return asData(rows[0], form)
    if (rows.length === 0 && form === 'table') return `There are no ${kind}.\n`
    return asRows(kind === 'releases' && (form === 'table' || form === 'wide') ? await withStatus(session, rows) : rows, kind, form, sheetOf(kind, io.now()), io)
  }
  if (flags.watch) return watch(io, show)
  io.out(await show())
  return EXIT.ok
}

/** A release as it was written does not say where it is. */
async function withStatus({ client, io }: Session, rows: readonly Row[]): Promise<readonly Row[]> {
  const { data } = await client.call(releases.statuses, {}, io.signal)
  const statuses = new Map(data.map(status => [status.name, status]))
  return rows.map(row => ({ ...row, status: statuses.get(row.name) }))
}
