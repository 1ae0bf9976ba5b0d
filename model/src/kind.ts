/** The kinds of artifact of the language, in the plural form that the original wrote; the singular is accepted everywhere. */
export const KINDS = [
  'breeds', 'blueprints', 'deployments', 'gateways', 'workflows', 'conditions', 'rewrites', 'routes',
  'scales', 'slas', 'escalations', 'templates', 'releases', 'autoscalers', 'policies',
] as const

export type Kind = (typeof KINDS)[number]

/** `breed`, `breeds`, `policy` … → the kind, or nothing if the language has no such kind. */
export function kindOf(word: string): Kind | undefined {
  const lower = word.toLowerCase()
  return KINDS.find(kind => kind === lower || singular(kind) === lower)
}

/** `policies` → `policy`, `slas` → `sla`. */
export function singular(kind: Kind): string {
  return kind === 'policies' ? 'policy' : kind.slice(0, -1)
}
