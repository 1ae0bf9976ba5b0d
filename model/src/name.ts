/** What artifacts, gateways and routes may be called. */

/** Any text without white space, `/`, `[` and `]`. */
export function isName(text: string): boolean {
  return /^[^\s/[\]]+$/.test(text)
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

/** `[10.0.0.1:80]`, `[example.org:443]`, `[[::1]:80]` → where it leads. */
export function externalAddress(path: string): { readonly host: string; readonly port: number } | undefined {
  const [, ipv6, host = ipv6 ?? '', digits] = /^\[(?:\[([0-9a-f:.%]+)\]|([^\s[\]:/]+)):(\d{1,5})\]$/i.exec(path) ?? []
  const port = Number(digits)
  return host !== '' && port > 0 && port <= 65_535 ? { host, port } : undefined
}
