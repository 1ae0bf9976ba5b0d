import type { Route, RouteArtifact, RouteSettings } from '../gateway.ts'
import { pathSegments } from '../name.ts'
import { inline, type Reference } from '../reference.ts'
import { readConditionReference } from './condition.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readAnonymousHeader, readHeader, readMetadata } from './header.ts'
import { readPolicyReference } from './policy.ts'
import { readPercentage } from './quantity.ts'
import { readWeakReference } from './reference.ts'
import { readRewriteReference } from './rewrite.ts'
import { readSelector } from './selector.ts'

export function readRouteArtifact(fields: Fields): RouteArtifact {
  const { metadata, ...header } = readHeader(fields, 'routes')
  return { ...header, ...readSettings(fields, undefined), metadata }
}

/** One path or a list under `routes`, or a map from path to route. */
export function readRoutes(cursor: Cursor | undefined, segments?: (path: string, cursor: Cursor) => void): Route[] {
  if (!cursor) return []
  const check = segments ?? checkPath
  const routes = cursor.isMap ? cursor.map().asWritten().map(([path, value]) => readRoute(path, value)) : cursor.items().flatMap(item => {
    if (item.isMap) return item.map().asWritten().map(([path, value]) => readRoute(path, value))
    return [cursor.reading.place({ path: item.text(), settings: inline(DEFAULT_SETTINGS) }, item)]
  })
  const seen = new Set<string>()
  for (const route of routes) {
    const place = cursor.reading.placeOf(route, cursor)
    if (seen.has(route.path)) place.report('DuplicateKey', `Duplicate key: '${route.path}'.`)
    seen.add(route.path)
    check(route.path, place)
  }
  return routes
}

const DEFAULT_SETTINGS: RouteSettings = { metadata: {}, rewrites: [] }

function readRoute(path: string, cursor: Cursor): Route {
  const settings: Reference<RouteSettings> = cursor.isNull ? inline(DEFAULT_SETTINGS) : readWeakReference(cursor, 'routes', fields => {
    readAnonymousHeader(fields, 'routes')
    return readSettings(fields, path)
  })
  return cursor.reading.place({ path, settings }, cursor)
}

/** 1–4 segments, or an address in brackets, `[host:port]`, that is examined where traffic is sent to it. */
export function checkPath(path: string, cursor: Cursor): void {
  const [, port] = /^\[(?:\[[^\]]*\]|[^:[\]]*):(\d+)\]$/.exec(path) ?? []
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) cursor.report('UnsupportedRoutePathError', `Unsupported route path: '${path}'. Port number must be between 1 and 65535.`)
  else if (!pathSegments(path) && !/^\[[^\s[\]]+\]$/.test(path)) cursor.report('UnsupportedRoutePathError', `Unsupported route path: '${path}'. Must be either in format '$gateway', '$deployment/$port' or '$deployment/$cluster/$port'.`)
}

function readSettings(fields: Fields, path: string | undefined): RouteSettings {
  fields.ignore('lookup_name', 'targets', 'instances')
  const weight = readPercentage(fields.optional('weight'))
  const condition = fields.optional('condition')
  const read = condition && readConditionReference(condition)
  const strength = readPercentage(fields.optional('condition_strength'))
  const balance = fields.optional('balance')?.text()
  const selector = fields.optional('selector')
  const policy = fields.optional('policy')
  if (selector && path !== undefined) checkSelectorPath(path, selector)
  return {
    metadata: readMetadata(fields),
    ...(weight === undefined ? {} : { weight }),
    ...(read ? { condition: read } : {}),
    ...(strength === undefined ? {} : { condition_strength: strength }),
    rewrites: fields.optional('rewrites')?.items().map(readRewriteReference) ?? [],
    ...(balance === undefined || balance === 'default' ? {} : { balance }),
    ...(selector ? { selector: readSelector(selector) } : {}),
    ...(policy ? { policy: readPolicyReference(policy) } : {}),
  }
}

function checkSelectorPath(path: string, cursor: Cursor): void {
  if (path.startsWith('[')) cursor.report('RouteSelectorExternalTargetError', `Route selector is not allowed for an external target: '${path}'.`)
  else if (path.includes('/')) cursor.report('RouteSelectorOnlyRouteError', `Route selector is allowed only for a route with one segment: '${path}'.`)
}
