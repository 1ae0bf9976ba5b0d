/**
 * Pure: who gets the slots of a fixed pool. Everybody's minimum comes first, from the highest priority down; then what each wants
 * beyond it. Of equals each gets the same until it has what it wants (max-min fairness), the odd slot by name, so that the same
 * wants always give the same grants.
 */
export interface Claim {
  readonly name: string
  readonly priority: number
  readonly minimum: number
  /** At least the minimum. */
  readonly wanted: number
}

export function share(claims: readonly Claim[], slots: number): ReadonlyMap<string, number> {
  const granted = new Map(claims.map(({ name }) => [name, 0]))
  let left = slots
  for (const round of ['minimum', 'wanted'] as const)
    for (const equals of byPriority(claims)) left = fill(equals, round, granted, left)
  return granted
}

function byPriority(claims: readonly Claim[]): readonly (readonly Claim[])[] {
  return [...Map.groupBy(claims, ({ priority }) => priority)].toSorted(([a], [b]) => b - a).map(([, equals]) => equals.toSorted((a, b) => a.name < b.name ? -1 : 1))
}

/** Raises all of them together up to what they ask for; returns what is left. */
function fill(equals: readonly Claim[], round: 'minimum' | 'wanted', granted: Map<string, number>, slots: number): number {
  let left = slots
  for (let open = equals; left > 0 && open.length > 0;) {
    open = open.filter(claim => (granted.get(claim.name) ?? 0) < claim[round])
    const level = Math.min(...open.map(({ name }) => granted.get(name) ?? 0))
    for (const { name } of open) {
      if (left === 0) break
      if (granted.get(name) !== level) continue
      granted.set(name, level + 1)
      left--
    }
  }
  return left
}

export interface Holding {
  readonly name: string
  /** Instances that run or start. */
  readonly serving: number
  /** Those that finish what they have begun. */
  readonly draining: number
}

/** What may be ordered now: a slot is free when what had it has finished, not when it was told to go. */
export function orderable(granted: ReadonlyMap<string, number>, holdings: readonly Holding[], slots: number, priorityOrder: readonly string[]): ReadonlyMap<string, number> {
  const serving = new Map(holdings.map(({ name, serving }) => [name, serving]))
  let free = slots - holdings.reduce((sum, each) => sum + each.serving + each.draining, 0)
  const orders = new Map<string, number>()
  for (const name of priorityOrder) {
    const [wanted, has] = [granted.get(name) ?? 0, serving.get(name) ?? 0]
    const more = Math.max(0, Math.min(wanted - has, free))
    orders.set(name, wanted <= has ? wanted : has + more)
    free -= more
  }
  return orders
}
