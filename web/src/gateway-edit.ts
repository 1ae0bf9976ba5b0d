/** Changing a gateway as it was shown: weights that stay whole, conditions, stickiness; everything else goes back as it came. */
import type { GatewayView } from '@vamp/model/api/gateways'

export interface RouteEdit {
  readonly path: string
  /** Percent; two decimals, as much as the data plane can do. */
  readonly weight: number
  readonly condition: string
  /** Percent; only where there is a condition. */
  readonly strength: number
  /** The route is kept elsewhere under this name and is changed there. */
  readonly reference?: string
}

export interface GatewayEdit {
  readonly sticky: 'none' | 'route' | 'instance'
  readonly routes: readonly RouteEdit[]
}

type Fields = Readonly<Record<string, unknown>>

export function editOf(view: GatewayView): GatewayEdit {
  const sticky = view['sticky']
  const routes = routeEntries(view).map(([path, route]) => edited(path, route, view.state.desired[path] ?? 0))
  return { sticky: sticky === 'route' || sticky === 'instance' ? sticky : 'none', routes }
}

/** As the API reads it. */
export function bodyOf(view: GatewayView, edit: GatewayEdit): Fields {
  const { state: _, ...rest } = view
  const routes = routeEntries(view).map(([path, route]) => {
    const change = edit.routes.find(each => each.path === path)
    if (!change || change.reference !== undefined) return [path, route] as const
    const condition = change.condition.trim()
    return [path, {
      ...route, weight: `${change.weight}%`,
      ...(condition === conditionText(route['condition']) ? {} : { condition: condition === '' ? null : condition }),
      condition_strength: condition === '' ? null : `${change.strength}%`,
    }] as const
  })
  return { ...rest, sticky: edit.sticky === 'none' ? null : edit.sticky, routes: Array.isArray(view.routes) ? routes.map(([path, route]) => ({ [path]: route })) : Object.fromEntries(routes) }
}

/** A map; a list of maps where the order would get lost otherwise. */
function routeEntries({ routes }: GatewayView): readonly (readonly [string, Fields])[] {
  const maps: readonly object[] = Array.isArray(routes) ? routes : [routes]
  return maps.flatMap(map => Object.entries(map) as [string, Fields][])
}

function edited(path: string, route: Fields, desired: number): RouteEdit {
  const { reference } = route
  return {
    path, weight: percentIn(route['weight'], desired), condition: conditionText(route['condition']), strength: percentIn(route['condition_strength'], 100),
    ...(typeof reference === 'string' ? { reference } : {}),
  }
}

function percentIn(value: unknown, otherwise: number): number {
  const number = typeof value === 'string' ? Number(value.replace(/%$/, '')) : Number.NaN
  return Number.isFinite(number) ? number : otherwise
}

/** `{condition}`, a text, or the name of a stored one. */
function conditionText(value: unknown): string {
  if (typeof value === 'string') return value
  const { condition, reference } = (value ?? {}) as { condition?: unknown; reference?: unknown }
  return typeof condition === 'string' ? condition : typeof reference === 'string' ? reference : ''
}

const round = (value: number) => Math.round(value * 100) / 100

/** One weight is moved; the others share what is left as they did before, evenly if they had nothing. The sum is 100. */
export function linkedWeights(weights: readonly number[], moved: number, wanted: number): readonly number[] {
  if (weights.length === 1) return [100]
  const value = round(Math.min(100, Math.max(0, wanted)))
  const others = weights.reduce((sum, weight, index) => index === moved ? sum : sum + weight, 0)
  const left = 100 - value
  const next = weights.map((weight, index) => index === moved ? value : round(others > 0 ? weight / others * left : left / (weights.length - 1)))
  const last = next.findLastIndex((weight, index) => index !== moved && (weight > 0 || left === 0))
  return next.map((weight, index) => index === last ? round(weight + 100 - next.reduce((sum, each) => sum + each, 0)) : weight)
}

export interface WeightChange { readonly path: string; readonly before: number; readonly after: number }

/** What will be different, and only that. */
export function weightChanges(before: GatewayEdit, after: GatewayEdit): readonly WeightChange[] {
  return after.routes.flatMap(({ path, weight }) => {
    const old = before.routes.find(route => route.path === path)?.weight ?? 0
    return old === weight ? [] : [{ path, before: old, after: weight }]
  })
}

export const differs = (before: GatewayEdit, after: GatewayEdit): boolean => JSON.stringify(before) !== JSON.stringify(after)
