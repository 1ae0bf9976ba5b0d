/** Settings in an engine's own words: JSON that is laid over JSON. */
export type Json = Readonly<Record<string, unknown>>

/** Maps are merged, lists added, everything else is replaced. */
export function merge(base: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    if (Array.isArray(before) && Array.isArray(value)) merged[key] = [...before, ...value]
    else merged[key] = isMap(before) && isMap(value) ? merge(before, value) : value
  }
  return merged
}

export const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `name=value` */
export function pair(text: string): Json {
  const at = text.indexOf('=')
  return at < 0 ? { [text]: '' } : { [text.slice(0, at)]: text.slice(at + 1) }
}
