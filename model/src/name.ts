/** What artifacts, gateways and routes may be called. */

/** In UTF-16 code units; four of them, as a gateway may have, still fit into the tag of an event. */
export const NAME_LENGTH_MAX = 120

/** A text without white space, `/`, `[`, `]` and control characters that is no step in a path of directories. */
export function isName(text: string): boolean {
  return text.length <= NAME_LENGTH_MAX && /^(?!\.{1,2}$)[^\s/[\]\p{Cc}\p{Cs}]+$/u.test(text)
}

/** Names that other names are built from with dots, such as ports and constants: no dot either. */
export function isStrictName(text: string): boolean {
  return isName(text) && !text.includes('.')
}

export const SEGMENTS_MAX = 4

/** One to four names joined by `/`. */
export function isGatewayName(text: string): boolean {
  const segments = text.split('/')
  return segments.length <= SEGMENTS_MAX && segments.every(isName)
}

/** `shop/web/web:1.0/http` → its segments; `[10.0.0.1:80]` → itself alone; nothing if it is no route path. */
export function pathSegments(path: string): readonly string[] | undefined {
  if (externalAddress(path)) return [path]
  return isGatewayName(path) ? path.split('/') : undefined
}

/** `[10.0.0.1:80]`, `[example.org:443]`, `[[::1]:80]` → where it leads. A host name has at most 253 characters. */
export function externalAddress(path: string): { readonly host: string; readonly port: number } | undefined {
  const [, ipv6, host = ipv6 ?? '', digits] = /^\[(?:\[([0-9a-f:.%]{2,64})\]|([^\s[\]:/]{1,253})):(\d{1,5})\]$/i.exec(path) ?? []
  const port = Number(digits)
  return host !== '' && port > 0 && port <= 65_535 ? { host, port } : undefined
}

/** Whether every proxy that is asked for it is asked for itself. Of other addresses nobody knows which of them are its own. */
export const isThisHost = (host: string): boolean => /^(localhost|127(\.\d+){3}|0\.0\.0\.0|::1?)$/i.test(host)
