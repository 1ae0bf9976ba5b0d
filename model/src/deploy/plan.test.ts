import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Blueprint } from '../blueprint.ts'
import type { Breed } from '../breed.ts'
import type { Deployment } from '../deployment.ts'
import type { Gateway } from '../gateway.ts'
import { describeProblems, type Parsed } from '../problem.ts'
import { inline, reference } from '../reference.ts'
import { asBlueprint } from './as-blueprint.ts'
import { type DeploymentChange, planDelete, planDeployment, planSlice } from './plan.ts'
import { changeScale } from './scale-change.ts'

interface State { readonly deployment: Deployment | undefined; readonly gateways: readonly Gateway[] }

const EMPTY: State = { deployment: undefined, gateways: [] }

function breed(name: string, ports: readonly string[] = ['http']): Breed {
  return {
    kind: 'breeds', name, metadata: {}, deployable: { definition: `acme/${name}` }, ports: ports.map((port, index) => ({ name: port, number: 8080 + index, type: 'http' })),
    environment_variables: [], constants: [], arguments: [], dependencies: {},
  }
}

function blueprint(clusters: Readonly<Record<string, readonly Breed[]>>, gateways: readonly Gateway[] = []): Blueprint {
  return {
    kind: 'blueprints', name: 'shop', metadata: {}, gateways, environment_variables: [], dialects: {},
    clusters: Object.entries(clusters).map(([name, breeds]) => ({
      name, metadata: {}, gateways: [], dialects: {},
      services: breeds.map(value => ({ breed: inline(value), environment_variables: [], arguments: [], dialects: {} })),
    })),
  }
}

const external = (port: number, path: string): Gateway =>
  ({ kind: 'gateways', name: String(port), metadata: {}, port: { name: String(port), number: port, type: 'http' }, sticky: 'none', virtual_hosts: [], routes: [{ path, settings: inline({ metadata: {}, rewrites: [] }) }] })

function merge({ deployment, gateways }: State, incoming: Blueprint): State {
  return stateAfter(gateways, planDeployment({ current: deployment, incoming, gateways, lookup: () => undefined }))
}

function slice({ deployment, gateways }: State, outgoing: Blueprint): State {
  if (!deployment) throw new Error('there is nothing to slice')
  const { deployment: after, gateways: left } = stateAfter(gateways, planSlice({ current: deployment, outgoing, gateways }))
  return { deployment: after && onceGone(after), gateways: left }
}

function stateAfter(gateways: readonly Gateway[], change: Parsed<DeploymentChange>): State {
  if (change.is === 'refused') throw new Error(describeProblems(change.problems))
  const { put, remove } = change.value.gateways
  const all = new Map([...gateways, ...put].map(gateway => [gateway.name, gateway]))
  return { deployment: change.value.deployment, gateways: [...all.values()].filter(({ name }) => !remove.includes(name)) }
}

/** What is left when the containers of leaving services have ended. */
function onceGone(deployment: Deployment): Deployment {
  const clusters = deployment.clusters
    .map(cluster => ({ ...cluster, services: cluster.services.filter(({ intention }) => intention === 'Deployment') })).filter(({ services }) => services.length > 0)
  const names = new Set(clusters.map(({ name }) => name))
  return { ...deployment, clusters, hosts: Object.fromEntries(Object.entries(deployment.hosts).filter(([name]) => names.has(name))) }
}

const sortedGateways = ({ gateways }: State) => [...gateways].sort((a, b) => a.name < b.name ? -1 : 1)

const weightsOf = ({ gateways }: State, name: string) =>
  Object.fromEntries(gateways.find(gateway => gateway.name === name)?.routes.map(({ path, settings }) => [path.split('/')[2], settings.is === 'inline' ? settings.value.weight : undefined]) ?? [])

/** Clusters `a`–`c` with versions that no other cluster has. */
const anyClusters = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 6, selector: String })
  .map(pairs => Object.fromEntries(['a', 'b', 'c'].flatMap(cluster => {
    const versions = pairs.filter(([name]) => name === cluster).map(([, version]) => breed(`${cluster}:${version}`))
    return versions.length > 0 ? [[cluster, versions]] : []
  })))

test('what is merged and sliced out again leaves what was there before', () => {
  fc.assert(fc.property(anyClusters, anyClusters, (first, second) => {
    const before = merge(EMPTY, blueprint(first))
    const added = Object.fromEntries(Object.entries(second).map(([name, breeds]) => [name, breeds.filter(({ name: added }) => !first[name]?.some(there => there.name === added))]))

    const after = slice(merge(before, blueprint(added)), blueprint(added))

    expect(after.deployment).toEqual(before.deployment)
    expect(sortedGateways(after)).toEqual(sortedGateways(before))
  }))
})

test('a deployment as a blueprint makes the same deployment with the same gateways', () => {
  fc.assert(fc.property(anyClusters, fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 3 }), (clusters, weights) => {
    const [[name = '', [{ name: version } = breed('')]] = ['', []]] = Object.entries(clusters)
    const made = merge(EMPTY, blueprint(clusters, [external(9050, `${name}/http`)]))
    const edited = { ...made, gateways: made.gateways.map(gateway => weights.length > 0 ? weighted(gateway, version, weights[0] ?? 0) : gateway) }

    const again = merge(EMPTY, asBlueprint(edited.deployment as Deployment, edited.gateways))

    expect(again.deployment?.clusters.map(({ services }) => services)).toEqual(edited.deployment?.clusters.map(({ services }) => services))
    expect(sortedGateways(again)).toEqual(sortedGateways(edited))
  }))
})

/** Gives one version a weight and the last of the others the rest. */
function weighted(gateway: Gateway, version: string, weight: number): Gateway {
  const place = gateway.routes.findIndex(({ path }) => path.split('/')[2] === version)
  const rest = gateway.routes.findLastIndex((_route, index) => index !== place)
  if (place === -1 || rest === -1) return gateway
  return { ...gateway, routes: gateway.routes.map((route, index) => ({ ...route, settings: inline({ metadata: {}, rewrites: [], weight: index === place ? weight : index === rest ? 100 - weight : 0 }) })) }
}

describe('weights of a cluster', () => {
  const one = merge(EMPTY, blueprint({ web: [breed('web:1')] }))

  test('a new version beside one that has everything gets nothing', () => {
    expect(weightsOf(merge(one, blueprint({ web: [breed('web:2')] })), 'shop/web/http')).toEqual({ 'web:1': 100, 'web:2': 0 })
  })

  test('a new version beside ones that have nothing gets everything', () => {
    const parked = { ...one, gateways: one.gateways.map(gateway => ({ ...gateway, routes: gateway.routes.map(route => ({ ...route, settings: inline({ metadata: {}, rewrites: [], weight: 0 }) })) })) }

    expect(weightsOf(merge(parked, blueprint({ web: [breed('web:2')] })), 'shop/web/http')).toEqual({ 'web:1': 0, 'web:2': 100 })
  })

  test('what stands in the stored gateway is kept when the blueprint says nothing of it', () => {
    const two = merge(one, blueprint({ web: [breed('web:2')] }))
    const canary: State = { ...two, gateways: two.gateways.map(gateway => ({ ...weighted(gateway, 'web:2', 12.5), sticky: 'route', virtual_hosts: ['shop.example'] })) }

    const [gateway] = merge(canary, blueprint({ web: [breed('web:1'), breed('web:2')] })).gateways

    expect(gateway).toEqual(canary.gateways[0])
  })
})

test('a cluster that is not named is not touched, even when its gateway was not handed in', () => {
  const before = merge(EMPTY, blueprint({ a: [breed('a:1')], b: [breed('b:1')] }))

  const change = planDeployment({ current: before.deployment, incoming: blueprint({ a: [breed('a:2')] }), gateways: before.gateways.filter(({ name }) => name === 'shop/a/http'), lookup: () => undefined })

  expect(change.is === 'ok' && change.value.gateways).toMatchObject({ put: [{ name: 'shop/a/http' }], remove: [] })
})

test('nothing is written of gateways that stay as they are', () => {
  const before = merge(EMPTY, blueprint({ a: [breed('a:1')] }, [external(9050, 'a/http')]))

  const change = planDeployment({ current: before.deployment, incoming: blueprint({ a: [breed('a:1')] }, [external(9050, 'a/http')]), gateways: before.gateways, lookup: () => undefined })

  expect(change.is === 'ok' && change.value.gateways).toEqual({ put: [], remove: [] })
})

test('a service that was leaving stays when it is merged again', () => {
  const two = merge(merge(EMPTY, blueprint({ a: [breed('a:1')] })), blueprint({ a: [breed('a:2')] }))
  const leaving = stateAfter(two.gateways, planSlice({ current: two.deployment as Deployment, outgoing: blueprint({ a: [breed('a:2')] }), gateways: two.gateways }))

  const back = merge(leaving, blueprint({ a: [breed('a:2')] }))

  expect(back.deployment?.clusters[0]?.services.map(({ intention }) => intention)).toEqual(['Deployment', 'Deployment'])
  expect(weightsOf(back, 'shop/a/http')).toEqual({ 'a:1': 100, 'a:2': 0 })
})

test('deleting takes internal gateways along, and external ones only if asked', () => {
  const { deployment, gateways } = merge(EMPTY, blueprint({ a: [breed('a:1')] }, [external(9050, 'a/http')]))
  const current = deployment as Deployment

  expect(planDelete({ current, gateways }).gateways).toEqual({ put: [], remove: ['shop/a/http'] })
  expect(planDelete({ current, gateways, external: true }).gateways.remove).toEqual(['shop/a/http', 'shop/9050'])
  expect(planDelete({ current, gateways }).deployment.clusters[0]?.services[0]?.intention).toBe('Undeployment')
})

test('a stored route is taken in, so that its weight counts', () => {
  const incoming = blueprint({ web: [breed('web:1'), breed('web:2')] })
  const [cluster] = incoming.clusters
  const gateway: Gateway = { ...external(0, 'web:2'), name: 'http', routes: [{ path: 'web:2', settings: reference('small') }] }
  const settings = { ...incoming, clusters: cluster ? [{ ...cluster, gateways: [gateway] }] : [] }

  const change = planDeployment({ incoming: settings, gateways: [], lookup: (kind, name) => kind === 'routes' ? { kind, name, metadata: {}, weight: 5, rewrites: [] } : undefined })

  expect(weightsOf(stateAfter([], change), 'shop/web/http')).toEqual({ 'web:2': 5, 'web:1': 95 })
})

test('one service changes its size; an unknown one cannot', () => {
  const { deployment } = merge(EMPTY, blueprint({ a: [breed('a:1'), breed('a:2')] }))
  const scale = { kind: 'scales' as const, name: 'big', metadata: {}, cpu: 2, memory: 512, instances: 4 }

  const changed = changeScale(deployment as Deployment, { cluster: 'a', service: 'a:2', scale })

  expect(changed.is === 'ok' && changed.value.clusters[0]?.services.map(({ scale: { instances } }) => instances)).toEqual([1, 4])
  expect(changeScale(deployment as Deployment, { cluster: 'a', service: 'a:3', scale })).toMatchObject({ is: 'refused', problems: [{ code: 'ArtifactNotFound' }] })
})
