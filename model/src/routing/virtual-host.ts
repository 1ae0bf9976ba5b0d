/** Names under which a gateway is reached on the shared listener without anybody having asked: `9050.shop.vamp`, `web.front.shop.vamp`. */
export function defaultVirtualHost(gateway: string): string {
  return [...gateway.split('/').reverse(), 'vamp'].map(segment => /^[\p{L}\p{N}]/u.test(segment) ? segment.replaceAll(/[^\p{L}\p{N}]/gu, '-') : segment).join('.').toLowerCase()
}

/** The default name and the given ones, each once, in lower case as they are compared. */
export function virtualHosts(gateway: string, given: readonly string[], withDefault: boolean): readonly string[] {
  return [...new Set([...(withDefault ? [defaultVirtualHost(gateway)] : []), ...given.map(host => host.toLowerCase())])]
}
