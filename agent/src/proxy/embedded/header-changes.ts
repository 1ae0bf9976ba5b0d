/** Changes of headers by policies, on flat [name, value, …]: first what goes, then what is set, then what is added, as in HAProxy. */
import type { HeaderChanges } from '@vamp/model/policy'

export function changedHeaders(raw: readonly string[], changes: readonly (HeaderChanges | undefined)[]): string[] {
  let headers = [...raw]
  for (const change of changes) if (change) headers = changed(headers, change)
  return headers
}

function changed(raw: readonly string[], { set = {}, add = {}, remove = [] }: HeaderChanges): string[] {
  const gone = new Set([...remove, ...Object.keys(set)].map(name => name.toLowerCase()))
  const kept: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) if (!gone.has((raw[at] ?? '').toLowerCase())) kept.push(raw[at] ?? '', raw[at + 1] ?? '')
  return [...kept, ...Object.entries(set).flat(), ...Object.entries(add).flat()]
}
