/** Files of the driver's directory, each written whole or not at all. */
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { byId, changes, replaced, sameKeys } from '@vamp/model/changed'
import type { Layout } from './layout.ts'
import type { Files } from './render.ts'

/** Configuration and maps live in two directories by turns, so that the running one's files stay as they are until the next has proved itself. */
export type Side = 'a' | 'b'

/** What a later process must know to go on. */
export interface Carried {
  readonly version: 1
  readonly side: Side
  readonly layout: Layout
}

export async function writeAtomic(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`
  await writeFile(temporary, content, { mode: 0o600 })
  await rename(temporary, path)
}

/** Fills a side from nothing. */
export async function writeSide(directory: string, side: Side, files: Files): Promise<string> {
  await rm(join(directory, side), { recursive: true, force: true })
  await mkdir(join(directory, side), { recursive: true, mode: 0o700 })
  for (const [path, content] of files.maps) await writeFile(path, content, { mode: 0o600 })
  const config = join(directory, side, 'haproxy.cfg')
  await writeFile(config, files.config, { mode: 0o600 })
  return config
}

/** Brings the files of a side up to date. */
export async function refreshSide(directory: string, side: Side, files: { readonly maps: ReadonlyMap<string, string>; readonly config?: string }): Promise<void> {
  for (const [path, content] of files.maps) await writeAtomic(path, content)
  if (files.config === undefined) return
  await writeAtomic(join(directory, side, 'haproxy.cfg'), files.config)
  await writeAtomic(join(directory, 'haproxy.cfg'), files.config)
}

/** What was written last, if anything was. */
export const readConfiguration = (directory: string): Promise<string | undefined> => readFile(join(directory, 'haproxy.cfg'), 'utf8').catch(() => undefined)

const carriedFile = (directory: string) => join(directory, 'carried.json')
const sinceFile = (directory: string) => join(directory, 'carried-since.jsonl')

/** What is carried, for a later process: whole, and then a line with what is another thing in it, so that writing it costs what changed. */
export interface CarriedFile {
  /** Whole. */
  write(carried: Carried): Promise<void>
  /** Of the same side as what was written before. */
  follow(layout: Layout): Promise<void>
}

export function openCarriedFile(directory: string): CarriedFile {
  let last: Carried | undefined
  let [wholeBytes, sinceBytes] = [0, 0]
  const write = async (carried: Carried) => {
    const text = JSON.stringify(carried)
    // A process that dies in between leaves an old layout, which the next one finds out.
    await rm(sinceFile(directory), { force: true })
    await writeAtomic(carriedFile(directory), text);
    [last, wholeBytes, sinceBytes] = [carried, text.length, 0]
  }
  return {
    write,
    async follow(layout) {
      if (!last) return
      const line = sinceBytes < wholeBytes ? sinceLine(last.layout, layout) : undefined
      if (line === undefined) return write({ ...last, layout })
      // Of a line that could not be written there may be a piece: nothing is written behind it.
      const before = wholeBytes
      wholeBytes = 0
      await appendFile(sinceFile(directory), line, { mode: 0o600 })
      wholeBytes = before;
      [last, sinceBytes] = [{ ...last, layout }, sinceBytes + line.length]
    },
  }
}

/** The layout with those gateways and slots only that are other ones; undefined if some came, went or moved. */
function sinceLine(before: Layout, after: Layout): string | undefined {
  if (!sameKeys(before.gateways, after.gateways, byId) || !sameKeys(before.slots, after.slots, byId)) return undefined
  const changed = <T extends { readonly id: string }>(old: readonly T[], now: readonly T[]) => changes(old, now, byId).flatMap(each => each.after ?? [])
  return `${JSON.stringify({ ...after, gateways: changed(before.gateways, after.gateways), slots: changed(before.slots, after.slots) })}\n`
}

/** What an earlier process left, if it can be read. */
export async function readCarried(directory: string): Promise<Carried | undefined> {
  try {
    const carried = JSON.parse(await readFile(carriedFile(directory), 'utf8')) as Carried
    if (carried.version !== 1 || !Array.isArray(carried.layout.gateways) || !Array.isArray(carried.layout.slots)) return undefined
    const since = await readFile(sinceFile(directory), 'utf8').catch(() => '')
    // What comes after the last end of a line was not written to its end.
    return { ...carried, layout: since.split('\n').slice(0, -1).reduce(withSince, carried.layout) }
  } catch {
    return undefined
  }
}

function withSince(layout: Layout, line: string): Layout {
  const since = JSON.parse(line) as Layout
  const put = <T extends { readonly id: string }>(all: readonly T[], some: readonly T[]) => replaced(all, new Map(some.map(each => [each.id, each])), byId)
  return { ...since, gateways: put(layout.gateways, since.gateways), slots: put(layout.slots, since.slots) }
}

export async function forget(directory: string): Promise<void> {
  for (const name of ['carried.json', 'carried-since.jsonl', 'process.json', 'haproxy.pid', 'admin.sock', 'master.sock', 'tick.sock', 'secret', 'log-ledger.json'])
    await rm(join(dirname(carriedFile(directory)), name), { force: true })
}
