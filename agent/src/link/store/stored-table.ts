/**
 * A routing table in a key-value store, whose values are small: packed, in pieces, and last a pointer to them. Readers follow
 * the pointer, so they see the old table or the new one. The pieces of the table before stay for whoever is reading them.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { Fault } from '@vamp/model/fault'
import type { RoutingTable } from '@vamp/model/routing/table'
import { type KeyValueStore, type Seen, VALUE_BYTES_MAX } from './key-value-store.ts'

interface Pieces { readonly id: string; readonly pieces: number }

export interface Pointer extends Pieces {
  readonly revision: number
  /** Grows with every leader: one that was replaced, and does not know it yet, finds a greater one and keeps still. */
  readonly fence: number
  readonly previous?: Pieces
}

const [pack, unpack] = [promisify(gzip), promisify(gunzip)]
/** Unpacked. */
const TABLE_BYTES_MAX = 256 * 1024 * 1024

const pointerKey = (prefix: string) => `${prefix}/gateways/table`
const pieceKey = (prefix: string, id: string, piece: number) => `${prefix}/gateways/tables/${id}/${piece}`

export async function readPointer(store: KeyValueStore, prefix: string, signal?: AbortSignal): Promise<{ readonly seen: Seen; readonly pointer: Pointer | undefined }> {
  const seen = await store.get(pointerKey(prefix), signal)
  return { seen, pointer: seen.value === undefined || seen.value.length === 0 ? undefined : JSON.parse(Buffer.from(seen.value).toString()) as Pointer }
}

export const pointerChanged = (store: KeyValueStore, prefix: string, seen: Seen, signal: AbortSignal) => store.changed(pointerKey(prefix), seen, signal)

/** Nothing where a piece is gone: the pointer leads to another table by now. */
export async function readTable(store: KeyValueStore, prefix: string, { id, pieces }: Pieces, signal?: AbortSignal): Promise<RoutingTable | undefined> {
  const values = await Promise.all(Array.from({ length: pieces }, (_, piece) => store.get(pieceKey(prefix, id, piece), signal)))
  const found = values.flatMap(({ value }) => value ?? [])
  if (found.length < pieces) return undefined
  const packed = Buffer.concat(found)
  if (idOf(packed) !== id) throw new Fault('key_value_unreachable', 'what the store holds is no whole table', { id })
  return JSON.parse((await unpack(packed, { maxOutputLength: TABLE_BYTES_MAX })).toString()) as RoutingTable
}

/** Does nothing where the store holds it already. Throws `Fault('conflict')` where a later leader has written, or somebody else at this moment. */
export async function writeTable(store: KeyValueStore, prefix: string, table: RoutingTable, fence: number): Promise<'written' | 'there'> {
  const { seen, pointer } = await readPointer(store, prefix)
  if (pointer && pointer.fence > fence) throw new Fault('conflict', 'a later leader writes the tables now', { fence, later: pointer.fence })
  const packed = await pack(JSON.stringify(table))
  const id = idOf(packed)
  if (pointer?.id === id && pointer.fence === fence && await holds(store, prefix, pointer)) return 'there'
  const pieces = Math.ceil(packed.length / VALUE_BYTES_MAX)
  for (let piece = 0; piece < pieces; piece++) await store.put(pieceKey(prefix, id, piece), packed.subarray(piece * VALUE_BYTES_MAX, (piece + 1) * VALUE_BYTES_MAX))
  const previous = pointer && pointer.id !== id ? { id: pointer.id, pieces: pointer.pieces } : pointer?.previous
  const next: Pointer = { id, pieces, revision: table.revision, fence, ...(previous ? { previous } : {}) }
  if (!await store.put(pointerKey(prefix), Buffer.from(JSON.stringify(next)), seen)) throw new Fault('conflict', 'somebody else writes the tables', { fence })
  const gone = pointer?.previous
  if (gone && gone.id !== id && gone.id !== previous?.id) for (let piece = 0; piece < gone.pieces; piece++) await store.delete(pieceKey(prefix, gone.id, piece))
  return 'written'
}

/** A store that lost some of its memory is written anew. */
async function holds(store: KeyValueStore, prefix: string, { id, pieces }: Pieces): Promise<boolean> {
  const values = await Promise.all(Array.from({ length: pieces }, (_, piece) => store.get(pieceKey(prefix, id, piece))))
  return values.every(({ value }) => value !== undefined)
}

/** Named by their content: the same table twice is the same pieces. */
function idOf(packed: Uint8Array): string {
  return createHash('sha256').update(packed).digest('hex').slice(0, 32)
}
