/** SHA-1 (FIPS 180-4), synchronous and without any platform: names are derived from it, nothing is secured by it. Lower-case hex. */
export function sha1(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const words = new Int32Array(((bytes.length + 8 >> 6) + 1) * 16)
  bytes.forEach((byte, at) => { words[at >> 2] = (words[at >> 2] ?? 0) | byte << (24 - at % 4 * 8) })
  words[bytes.length >> 2] = (words[bytes.length >> 2] ?? 0) | 0x80 << (24 - bytes.length % 4 * 8)
  words[words.length - 2] = Math.floor(bytes.length / 2 ** 29)
  words[words.length - 1] = bytes.length << 3
  let hash: Hash = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0]
  for (let at = 0; at < words.length; at += 16) hash = compress(hash, words.subarray(at, at + 16))
  return hash.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

type Hash = readonly [number, number, number, number, number]

function compress(hash: Hash, block: Int32Array): Hash {
  const schedule = new Int32Array(80)
  schedule.set(block)
  for (let at = 16; at < 80; at++) schedule[at] = rotate(word(schedule, at - 3) ^ word(schedule, at - 8) ^ word(schedule, at - 14) ^ word(schedule, at - 16), 1)
  let [a, b, c, d, e] = hash
  for (let at = 0; at < 80; at++) {
    const next = rotate(a, 5) + mix(at, b, c, d) + e + word(schedule, at) | 0
    ;[a, b, c, d, e] = [next, a, rotate(b, 30), c, d]
  }
  return [hash[0] + a | 0, hash[1] + b | 0, hash[2] + c | 0, hash[3] + d | 0, hash[4] + e | 0]
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return (b & c | ~b & d) + 0x5a827999
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (round < 60) return (b & c | b & d | c & d) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

const word = (words: Int32Array, at: number) => words[at] ?? 0
const rotate = (word: number, bits: number) => word << bits | word >>> 32 - bits
