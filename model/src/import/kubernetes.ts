/** What objects of Kubernetes have in common, read from plain values: what is not there, or is something else, is not there. */
export type Plain = Readonly<Record<string, unknown>>

export function mapAt(value: unknown, ...path: readonly string[]): Plain | undefined {
  const found = at(value, path)
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found as Plain : undefined
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, path)
  return Array.isArray(found) ? found : []
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, path)
  return typeof found === 'string' && found !== '' ? found : typeof found === 'number' ? String(found) : undefined
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, path)
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => typeof inner === 'object' && inner !== null ? (inner as Plain)[name] : undefined, value)
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of a duration as Go writes it: `90`, `30s`, `1h30m`. */
export function secondsAt(value: unknown, ...path: readonly string[]): number | undefined {
  const text = textAt(value, ...path)?.trim()
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0)
}

/** A name of Kubernetes is a name of Vamp. */
export function nameOf(object: unknown): string {
  return textAt(object, 'metadata', 'name') ?? 'unnamed'
}

export function namespaceOf(object: unknown): string {
  return textAt(object, 'metadata', 'namespace') ?? 'default'
}

/** `5%`; binary dust is taken off. */
export function percent(share: number): string {
  return `${Number(share.toFixed(6))}%`
}
