/**
 * A release for some visitors only. They are led, by a condition, to a gateway of their own, where both versions share them by
 * weight: so what is compared is the audience on the new version with the audience on the old one. Everybody else passes by.
 */
import type { Gateway, Route } from '@vamp/model/gateway'
import { inline } from '@vamp/model/reference'
import type { Release } from '@vamp/model/release'
import type { Stored, Write } from '../store/store.ts'
import { serviceOf } from './arms.ts'
import type { ObservedRelease } from './observe.ts'

/** `shop/web/http` → `shop/web-http-audience` */
export function audienceGateway(inner: string): string {
  const [deployment = '', cluster = '', port = ''] = inner.split('/')
  return `${deployment}/${cluster}-${port}-audience`
}

/** Gateways for the audience, beside the cluster's own, nobody led there yet. */
export function audienceWrites(own: readonly Stored<'gateways'>[], present: ReadonlySet<string>, { name }: Release, from: string, to: readonly string[]): Write<'gateways'>[] {
  return own.flatMap(({ value }) => {
    const audience = audienceGateway(value.name)
    if (present.has(audience)) return []
    const [deployment, cluster, port] = value.name.split('/')
    const route = (version: string, weight: number): Route => ({ path: `${deployment}/${cluster}/${version}/${port}`, settings: inline({ metadata: {}, rewrites: [], weight }) })
    const { sticky, split } = value
    const gateway: Gateway = {
      kind: 'gateways', name: audience, metadata: { release: name }, port: { name: '', number: 0, type: value.port.type }, sticky, ...(split ? { split } : {}), virtual_hosts: [],
      routes: [route(from, 100), ...to.map(version => route(version, 0))],
    }
    return [{ do: 'put', kind: 'gateways', name: audience, value: gateway, expected: 'absent' }]
  })
}

/** Leads the audience to its gateway. */
export function openWrites(own: readonly Stored<'gateways'>[], condition: string): Write<'gateways'>[] {
  return changed(own, value => {
    const path = audienceGateway(value.name)
    if (value.routes.some(route => route.path === path)) return value
    return { ...value, routes: [conditional(path, condition), ...value.routes] }
  })
}

/** The audience is led to the gateway for it, everywhere. */
export function isOpen(observed: ObservedRelease): boolean {
  return observed.own.length > 0 && observed.own.every(({ name }) => observed.ownStatuses.some(status => status.name === name && audienceGateway(name) in status.acknowledged))
}

/** The gateway for the audience goes; who it was for is led to `to` by the same condition if it `stays`, else passes by as everybody else. */
export function closeWrites(observed: ObservedRelease, stays: string | undefined): Write<'gateways'>[] {
  const condition = observed.release.value.audience ?? ''
  const led = changed(observed.own, value => {
    const path = audienceGateway(value.name)
    if (!value.routes.some(route => route.path === path)) return value
    const routes = value.routes.filter(route => route.path !== path)
    return { ...value, routes: stays === undefined ? routes : inFront(routes, stays, condition) }
  })
  return led
}

/** The gateways themselves go when no proxy leads anybody there any more. */
export function goneWrites(observed: ObservedRelease): Write<'gateways'>[] {
  return observed.audience.map(({ name, revision }) => ({ do: 'delete' as const, kind: 'gateways' as const, name, expected: revision }))
}

/** Conditions are asked in the order of the routes. */
function inFront(routes: readonly Route[], version: string, condition: string): readonly Route[] {
  const route = routes.find(({ path }) => serviceOf(path) === version)
  if (!route || route.settings.is === 'reference') return routes
  const led: Route = { ...route, settings: inline({ ...route.settings.value, condition: inlineCondition(condition), condition_strength: 100 }) }
  return [led, ...routes.filter(other => other !== route)]
}

function conditional(path: string, condition: string): Route {
  return { path, settings: inline({ metadata: {}, rewrites: [], weight: 0, condition: inlineCondition(condition), condition_strength: 100 }) }
}

const inlineCondition = (condition: string) => inline({ kind: 'conditions' as const, name: '', metadata: {}, condition })

function changed(gateways: readonly Stored<'gateways'>[], change: (gateway: Gateway) => Gateway): Write<'gateways'>[] {
  return gateways.flatMap(({ name, revision, value }) => {
    const next = change(value)
    return next === value ? [] : [{ do: 'put' as const, kind: 'gateways' as const, name, value: next, expected: revision }]
  })
}
