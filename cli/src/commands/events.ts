/** `vamp events --tag releases:shop-web-1.1 --follow` */
import { events as endpoints } from '@vamp/model/api/events'
import type { Event } from '@vamp/model/event'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { wrap } from '../wrap.ts'

export interface EventsFlags { readonly tag: readonly string[]; readonly type?: string; readonly limit: string; readonly since?: string; readonly from?: string; readonly to?: string; readonly follow?: boolean; readonly output?: string }

export async function events({ client, io }: Session, flags: EventsFlags): Promise<number> {
  const limit = Number(flags.limit)
  if (!Number.isInteger(limit) || limit < 0) throw new CommandFailure(EXIT.usage, `--limit ${flags.limit} is no number of events`)
  const form = formOf(flags.output)
  const window = windowOf(flags)
  const isForPeople = ({ type }: Event) => form !== 'table' || flags.type !== undefined || !RECORDS.has(type)
  const filter = { tag: [...flags.tag], ...(flags.type === undefined ? {} : { type: flags.type }) }
  const found: Event[] = []
  for (let page = 1; found.length < limit; page++) {
    const { data } = await client.call(endpoints.query, { query: { ...filter, page, per_page: PAGE, ...window } }, io.signal)
    found.push(...data.filter(isForPeople))
    if (data.length < PAGE) break
  }
  const newest = found.slice(0, limit)
  const oldestFirst = newest.toReversed()
  if (form === 'json' || form === 'yaml') io.out(asData(oldestFirst, form))
  else if (oldestFirst.length === 0 && !flags.follow) io.out('There are no such events.\n')
  else for (const event of oldestFirst) io.out(eventText(event, io))
  if (!flags.follow) return EXIT.ok
  const after = found[0]?.id
  for await (const { data } of client.stream(endpoints.stream, { query: filter, ...(after === undefined ? {} : { after }) }, io.signal))
    if (isForPeople(data)) io.out(form === 'json' ? `${JSON.stringify(data)}\n` : form === 'yaml' ? asData([data], form) : eventText(data, io))
  return EXIT.ok
}

const PAGE = 100
/** Written every second for replays; shown where they are asked for by type, and as data. */
const RECORDS: ReadonlySet<string> = new Set(['release-evidence'])
const SENTENCE_MAX = 400
/** The width of a moment: what does not fit beside the tags begins beneath them. */
const MOMENT = 19
const INDENT = ' '.repeat(MOMENT + 2)

function windowOf({ since, from = since, to, follow }: EventsFlags): { readonly from?: string; readonly to?: string } {
  if (since !== undefined && from !== since) throw new CommandFailure(EXIT.usage, '--since and --from say the same; give one of them')
  if (to !== undefined && follow) throw new CommandFailure(EXIT.usage, '--follow goes on for good; leave out --to')
  return { ...(from === undefined ? {} : { from: momentOf(from) }), ...(to === undefined ? {} : { to: momentOf(to) }) }
}

/** `10m` means ten minutes ago. */
function momentOf(text: string): string {
  return /^\d+[smhdw]$/.test(text) ? `now-${text}` : text
}

/** One line where nobody looks at it, or where it fits. Tags that only repeat what a longer one says are left out. */
export function eventText({ timestamp, type, tags, value }: Event, { columns, terminal, colours }: Pick<Io, 'columns' | 'terminal' | 'colours'>): string {
  const told = tags.filter(tag => !tags.some(other => other.startsWith(`${tag}:`)))
  const head = `${timestamp.slice(0, MOMENT).replace('T', ' ')}  ${type.padEnd(15)} `
  const tagged = wrap(told.join(' '), terminal ? Math.max(columns - head.length, MOMENT) : Number.POSITIVE_INFINITY)
  const start = `${head}${tagged.join(`\n${' '.repeat(head.length)}`)}`
  const sentence = cut(sentenceOf(value), SENTENCE_MAX)
  const shown = `${colours.dim(start.slice(0, MOMENT))}${start.slice(MOMENT)}`
  if (sentence === '') return `${shown}\n`
  if (!terminal || start.length + 2 + sentence.length <= columns) return `${shown}  ${colours.dim(sentence)}\n`
  const width = Math.max(columns - INDENT.length, MOMENT)
  // Words are told to the end, data as far as there is room.
  return `${shown}\n${(isData(value) ? [sentence] : wrap(sentence, width)).map(part => `${INDENT}${colours.dim(part.slice(0, width))}\n`).join('')}`
}

const cut = (text: string, most: number): string => text.length > most ? `${text.slice(0, most - 1)}…` : text

const isData = (value: unknown): boolean => typeof value === 'object' && value !== null && !('sentence' in value)

function sentenceOf(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'object' && value !== null && 'sentence' in value && typeof value.sentence === 'string') return value.sentence
  if (typeof value === 'object' && value !== null && 'by' in value) return `by ${String(value.by)}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
