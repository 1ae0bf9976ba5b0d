/** Paths of the original that mean the same as ours. */

const ALIASES: Readonly<Record<string, string>> = { information: 'info', configuration: 'config', statistics: 'stats', log: 'logs' }

/** `/default/api/v1/x` → `/api/v1/x` for the namespace's own name; `/api/v1/information` → `/api/v1/info`. */
export function internalUrl(url: string, namespace: string): string {
  const prefix = `/${encodeURIComponent(namespace)}/api/v1`
  if (url.split('?')[0] === `/${encodeURIComponent(namespace)}/websocket`) return '/websocket'
  const own = url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`) ? url.slice(prefix.length - '/api/v1'.length) : url
  return own.replace(/^\/api\/v1\/(information|configuration|statistics|log)(?=[/?]|$)/, (_, word: string) => `/api/v1/${ALIASES[word]}`)
}
