/**
 * Where a user stands on the scale of shares. The same user of the same gateway always stands at the same number, so a range
 * that grows only takes users in, and gateways are independent of each other. xxHash (XXH32, Yann Collet) because every proxy has it.
 */
import { FULL_SHARE } from './table.ts'

/** In [0, `FULL_SHARE`). */
export function userSlot(userKey: string, lookupName: string): number {
  return xxh32(new TextEncoder().encode(userKey), splitSeed(lookupName)) % FULL_SHARE
}

/** What keeps the users of one gateway from standing where they stand in another; 31 bits. */
export function splitSeed(lookupName: string): number {
  return xxh32(new TextEncoder().encode(lookupName), 0) >>> 1
}

const P1 = 0x9e3779b1
const P2 = 0x85ebca77
const P3 = 0xc2b2ae3d
const P4 = 0x27d4eb2f
const P5 = 0x165667b1

/** The 32-bit xxHash of the bytes; https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let hash = (seed + P5) | 0
  if (bytes.length >= 16) {
    let [a, b, c, d] = [(seed + P1 + P2) | 0, (seed + P2) | 0, seed | 0, (seed - P1) | 0]
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, view.getUint32(at, true))
      b = round(b, view.getUint32(at + 4, true))
      c = round(c, view.getUint32(at + 8, true))
      d = round(d, view.getUint32(at + 12, true))
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), P3)) | 0, 17), P4)
  for (; at < bytes.length; at++) hash = Math.imul(rotate((hash + Math.imul(view.getUint8(at), P5)) | 0, 11), P1)
  hash = Math.imul(hash ^ (hash >>> 15), P2)
  hash = Math.imul(hash ^ (hash >>> 13), P3)
  return (hash ^ (hash >>> 16)) >>> 0
}

const round = (lane: number, word: number) => Math.imul(rotate((lane + Math.imul(word, P2)) | 0, 13), P1)
const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))
