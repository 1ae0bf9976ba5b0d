/** Files of the driver's directory, each written whole or not at all. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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

export const writeCarried = (directory: string, { layout, ...carried }: Carried): Promise<void> => {
  const { gateways, slots, ...rest } = layout
  const parts = [JSON.stringify(carried).slice(0, -1), `,"layout":${JSON.stringify(rest).slice(0, -1)},"gateways":[${gateways.map(jsonOf).join()}],"slots":[${slots.map(jsonOf).join()}]}}`]
  return writeAtomic(carriedFile(directory), parts.join(''))
}

const json = new WeakMap<object, string>()

/** What is the same object as before, is the same text. */
function jsonOf(thing: object): string {
  const text = json.get(thing) ?? JSON.stringify(thing)
  json.set(thing, text)
  return text
}

/** What an earlier process left, if it can be read. */
export async function readCarried(directory: string): Promise<Carried | undefined> {
  try {
    const carried = JSON.parse(await readFile(carriedFile(directory), 'utf8')) as Carried
    return carried.version === 1 && Array.isArray(carried.layout.gateways) && Array.isArray(carried.layout.slots) ? carried : undefined
  } catch {
    return undefined
  }
}

export async function forget(directory: string): Promise<void> {
  for (const name of ['carried.json', 'process.json', 'haproxy.pid', 'admin.sock', 'master.sock', 'tick.sock', 'secret', 'log-ledger.json'])
    await rm(join(dirname(carriedFile(directory)), name), { force: true })
}
