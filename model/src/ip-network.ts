/** Addresses and networks: `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`. An IPv4 address inside an IPv6 one counts as IPv4. */
export interface IpNetwork {
  /** 4 or 16. */
  readonly bytes: readonly number[]
  readonly bits: number
}

export function parseNetwork(text: string): IpNetwork | undefined {
  const [, address = '', size] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const bytes = parseAddress(address)
  const bits = size === undefined ? (bytes?.length ?? 0) * 8 : Number(size)
  return bytes && bits <= bytes.length * 8 ? { bytes, bits } : undefined
}

/** Is the address in the network? No, if it is no address. */
export function isInNetwork(address: string, { bytes, bits }: IpNetwork): boolean {
  const own = parseAddress(address)
  return own?.length === bytes.length && bytes.every((byte, index) => {
    const fixed = Math.max(0, Math.min(8, bits - index * 8))
    const mask = 0xff << (8 - fixed)
    return ((own[index] ?? 0) & mask & 0xff) === (byte & mask & 0xff)
  })
}

function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const [, front, ipv4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? []
  const last = ipv4 === undefined ? undefined : parseIpv4(ipv4)
  if (ipv4 !== undefined && !last) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = last ?? []
  const bytes = parseIpv6(last ? `${front}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}` : text)
  const mapped = bytes?.slice(0, 10).every(byte => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return mapped ? bytes?.slice(12) : bytes
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256) ? parts.map(Number) : undefined
}

function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  const [front = [], back] = halves.map(half => half === '' ? [] : half.split(':'))
  const words = [...front, ...(back ?? [])]
  const whole = back ? words.length <= 7 : words.length === 8
  if (halves.length > 2 || !whole || !words.every(word => /^[0-9a-f]{1,4}$/i.test(word))) return undefined
  const all = [...front, ...Array<string>(8 - words.length).fill('0'), ...(back ?? [])].map(word => Number.parseInt(word, 16))
  return all.flatMap(word => [word >> 8, word & 255])
}
