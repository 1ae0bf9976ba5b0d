/** `vamp history breed web:1.0`: who changed it, when, and what. Old revisions come from the events that are written with each change. */
import type { Change } from '@vamp/model/api/change'
import { events } from '@vamp/model/api/events'
import { singular } from '@vamp/model/kind'
import { changeLines } from '../change-lines.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { artifactKind } from '../kinds.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { table } from '../table.ts'

export interface HistoryFlags { readonly diff?: boolean; readonly show?: string; readonly output?: string }

interface Revision { readonly number: number; readonly at: string; readonly by: string; readonly do: Change['do']; readonly before?: unknown; readonly after?: unknown }

const PAGE = 100
const VERBS = { create: 'created', update: 'changed', delete: 'removed', keep: 'unchanged' } as const

/** Oldest first; the numbers are those of this list, from 1. */
export async function history(session: Session, word: string, name: string, flags: HistoryFlags): Promise<number> {
  const { io } = session
  const form = formOf(flags.output)
  const kind = artifactKind(word)
  const found = await revisionsOf(session, `${kind}:${name}`)
  if (found.length === 0) throw new CommandFailure(EXIT.not_found, `nobody has changed a ${singular(kind)} '${name}'`)
  if (flags.show !== undefined) {
    const revision = found.find(({ number }) => String(number) === flags.show)
    if (!revision) throw new CommandFailure(EXIT.not_found, `there is no revision ${flags.show}; they are numbered 1 to ${found.length}`)
    if (revision.after === undefined) throw new CommandFailure(EXIT.refused, `revision ${flags.show} is its removal; --show ${revision.number - 1} is what was there before`)
    io.out(asData(revision.after, form))
    return EXIT.ok
  }
  if (form === 'json' || form === 'yaml') io.out(asData(found, form))
  else if (flags.diff) io.out(found.map(({ number, at, by, before, after, do: verb }) => `${io.colours.bold(`${number}  ${moment(at)}  by ${by}`)}\n${changeLines({ do: verb, kind, name, before, after }, io.colours, VERBS)}`).join(''))
  else io.out(table([{ title: 'REVISION', right: true }, { title: 'WHEN' }, { title: 'BY' }, { title: 'WHAT', flexible: true }], found.map(({ number, at, by, do: verb }) => [String(number), moment(at), by, VERBS[verb]]), { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold }))
  return EXIT.ok
}

const moment = (iso: string) => iso.slice(0, 19).replace('T', ' ')

async function revisionsOf({ client, io }: Session, tag: string): Promise<readonly Revision[]> {
  const found: Omit<Revision, 'number'>[] = []
  for (let page = 1; ; page++) {
    const { data } = await client.call(events.query, { query: { tag: [tag], type: 'archive', page, per_page: PAGE } }, io.signal)
    for (const { timestamp, tags, value } of data) {
      const verb = (['create', 'update', 'delete'] as const).find(each => tags.includes(`archive:${each}`))
      const { by = '', before, after } = value as { readonly by?: string; readonly before?: unknown; readonly after?: unknown }
      // Orders to a release are told with it, and change nothing of what is written.
      if (verb && (before !== undefined || after !== undefined)) found.push({ at: timestamp, by, do: verb, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) })
    }
    if (data.length < PAGE) break
  }
  return found.toReversed().map((revision, index) => ({ number: index + 1, ...revision }))
}
