/**
 * A gateway with a selector has a route for each group of what it selects. Routes that were there keep their settings and
 * weights; of new groups the first takes what weight is left, the others none; what the groups that went away held is shared
 * by the ones that hold anything, in proportion.
 */
import type { Route, RouteSettings } from '../gateway.ts'
import { inline } from '../reference.ts'
import { percent } from '../weights.ts'

/** `groups` by name, each once, in the order in which they are to stand. */
export function groupRoutes(before: readonly Route[], groups: readonly string[]): readonly Route[] {
  const settings = groups.map(group => settingsOf(before, group))
  const held = percent(settings.reduce((sum, known) => sum + (known?.weight ?? 0), 0))
  const first = settings.findIndex(known => known?.weight === undefined)
  const given = settings.map((known, index) => known?.weight ?? (index === first ? Math.max(0, percent(100 - held)) : 0))
  const weights = first === -1 ? rescaled(given) : given
  return groups.map((path, index) => ({ path, settings: inline({ metadata: {}, rewrites: [], ...settings[index], weight: weights[index] ?? 0 }) }))
}

function settingsOf(routes: readonly Route[], path: string): RouteSettings | undefined {
  const settings = routes.find(route => route.path === path)?.settings
  return settings?.is === 'inline' ? settings.value : undefined
}

/** To 100, unless all are 0; the last that holds anything makes up for rounding. */
function rescaled(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum === 0 || sum >= 100) return weights
  const scaled = weights.map(weight => percent(weight / sum * 100))
  const last = scaled.findLastIndex(weight => weight > 0)
  const others = scaled.reduce((total, weight, index) => index === last ? total : total + weight, 0)
  return scaled.map((weight, index) => index === last ? percent(100 - others) : weight)
}
