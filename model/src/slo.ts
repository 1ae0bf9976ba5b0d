/** A promise in one line: `p95 <= 200ms`, `error_rate <= 0.5%`. */
export type Slo =
  /** `quantile` in (0, 1): 0.95. */
  | { readonly is: 'latency'; readonly quantile: number; readonly limitMs: number }
  /** Percent of the requests. */
  | { readonly is: 'error_rate'; readonly limit: number }

/** Nothing where the text is no promise. Without a unit a latency is in milliseconds and a rate in percent. */
export function parseSlo(text: string): Slo | undefined {
  const [, name = '', number = '', unit = ''] = /^\s*(?:latency_)?(p\d{1,2}(?:\.\d+)?|p999|error_rate)\s*<=?\s*(\d+(?:\.\d+)?)\s*(ms|s|%)?\s*$/i.exec(text) ?? []
  const value = Number(number)
  if (number === '' || value <= 0) return undefined
  if (name.toLowerCase() === 'error_rate') return unit === '' || unit === '%' ? { is: 'error_rate', limit: value } : undefined
  const percent = name === 'p999' ? 99.9 : Number(name.slice(1))
  return unit === '%' || percent <= 0 ? undefined : { is: 'latency', quantile: percent / 100, limitMs: unit.toLowerCase() === 's' ? value * 1000 : value }
}
