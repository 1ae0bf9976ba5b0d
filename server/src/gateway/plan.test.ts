import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AgentReport } from '@vamp/agent/link/link'
import { byName, replaced } from '@vamp/model/changed'
import type { Gateway } from '@vamp/model/gateway'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import { inline } from '@vamp/model/reference'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { ObservedGateways } from './observe.ts'
import { openPlanMemo, planGateways } from './plan.ts'

const LISTENING = { address: '127.0.0.1' }
const none: readonly never[] = []
const NOTHING: ObservedGateways = {
  revision: 1, gateways: none, deployments: none, deploymentStatuses: none, conditions: new Map(), rewrites: new Map(), routes: new Map(), policies: new Map(), statuses: none, reports: none,
  sources: { deployments: none, 'deployment-statuses': none, conditions: none, rewrites: none, routes: none, policies: none },
}

function gateway(name: string, port: number, weight: number, second = '[10.0.0.2:80]'): Gateway {
  const route = (path: string, share: number) => ({ path, settings: inline({ metadata: {}, rewrites: [], weight: share }) })
  return { kind: 'gateways', name, metadata: {}, port: { name: '', number: port, type: 'http' }, sticky: 'none', virtual_hosts: [], routes: [route('[10.0.0.1:80]', weight), route(second, 100 - weight)] }
}

/** An agent that carries what it is given. */
const reportOf = ({ revision, gateways }: RoutingTable, agent: string, refusal?: AgentReport['refusal']): AgentReport => ({
  agent, driver: 'memory', acknowledged: revision, endpoints: [], reloads: 0, ...(refusal ? { refusal } : {}),
  shares: gateways.map(({ name, routes }) => ({ name, routes: Object.fromEntries(routes.map(({ path, weight }) => [path, weight])) })),
})

const name = fc.constantFrom('a', 'b', 'c')
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(name, fc.constantFrom(0, 9001, 9002, 9003), fc.constantFrom(10, 20), fc.constantFrom('[10.0.0.2:80]', 'a', 'gone')).map(drawn => ({ is: 'put', gateway: gateway(...drawn) }) as const) },
  name.map(which => ({ is: 'delete', name: which }) as const),
  fc.tuple(fc.constantFrom('one', 'two'), fc.option(fc.constantFrom(undefined, 'a'), { nil: null })).map(([agent, refused]) => ({ is: 'report', agent, refused }) as const),
  fc.constant({ is: 'silent' } as const),
  fc.tuple(name, fc.boolean()).map(([which, deployed]) => ({ is: 'status', name: which, deployed }) as const),
)

test('whatever comes, goes, is told and is lost, a plan with what is remembered of earlier ones is a plan without', () => {
  fc.assert(fc.property(fc.array(fc.record({ step, carriedOut: fc.boolean() }), { maxLength: 20 }), steps => {
    const memo = openPlanMemo()
    let [observed, published]: [ObservedGateways, RoutingTable] = [NOTHING, { revision: 0, gateways: [] }]
    const named = <T extends { readonly name: string }>(all: readonly T[], which: string, value?: T) => [...all.filter(each => each.name !== which), ...(value ? [value] : [])].sort((a, b) => a.name < b.name ? -1 : 1)
    for (const { step, carriedOut } of steps) {
      observed = { ...observed, revision: observed.revision + 1 }
      if (step.is === 'put') observed = { ...observed, gateways: named(observed.gateways, step.gateway.name, step.gateway) }
      if (step.is === 'delete') observed = { ...observed, gateways: named(observed.gateways, step.name) }
      if (step.is === 'silent') observed = { ...observed, reports: none }
      if (step.is === 'report') {
        const refusal = step.refused === null ? undefined : { revision: published.revision, code: 'proxy_refused', reason: 'no', ...(step.refused ? { gateway: step.refused } : {}) }
        observed = { ...observed, reports: [...observed.reports.filter(({ agent }) => agent !== step.agent), reportOf(published, step.agent, refusal)] }
      }
      if (step.is === 'status') observed = { ...observed, statuses: named(observed.statuses, step.name, { name: step.name, deployed: step.deployed, port: 1, desired: {}, acknowledged: {} } satisfies GatewayStatus) }
      const plan = planGateways(observed, published, LISTENING, memo)
      const anew = planGateways(observed, published, LISTENING)
      const byNames = ({ putStatuses, removeStatuses, ...rest }: typeof plan) => ({ ...rest, events: rest.events.map(each => JSON.stringify(each)).sort(), putStatuses: named(putStatuses, ''), removeStatuses: removeStatuses.toSorted() })
      expect(byNames(plan)).toEqual(byNames(anew))
      if (!carriedOut) continue
      published = plan.publish ?? published
      for (const status of plan.putStatuses) observed = { ...observed, statuses: named(observed.statuses, status.name, status) }
      for (const gone of plan.removeStatuses) observed = { ...observed, statuses: named(observed.statuses, gone) }
    }
  }), { numRuns: 500 })
})

test('a change of one gateway among many, and its confirmation, look into that one only', () => {
  const touched = new Set<string>()
  const watched = <T extends { readonly name: string }>(value: T): T => new Proxy(value, { get(target, key) { touched.add(target.name); return Reflect.get(target, key) as unknown } })
  const only = <T extends { readonly name: string }>(all: readonly T[], value: T) => replaced(all, new Map([[value.name, value]]), byName)
  const memo = openPlanMemo()
  let published: RoutingTable = { revision: 0, gateways: [] }
  let observed: ObservedGateways = { ...NOTHING, gateways: Array.from({ length: 300 }, (_, at) => watched(gateway(`g${1000 + at}`, 9000 + at, 50))) }
  const round = () => {
    touched.clear()
    const plan = planGateways(observed, published, LISTENING, memo)
    const looked = [...touched]
    published = plan.publish ?? published
    for (const status of plan.putStatuses) {
      observed = { ...observed, statuses: only(observed.statuses, watched(status)) }
    }
    return { ...plan, looked }
  }
  const tell = () => {
    const [before] = observed.reports
    const now = reportOf(published, 'one')
    observed = { ...observed, reports: [{ ...now, shares: now.shares.map((each, at) => JSON.stringify(before?.shares[at]) === JSON.stringify(each) ? before?.shares[at] ?? each : watched(each)) }] }
  }
  const change = (at: number, weight: number) => { observed = { ...observed, gateways: only(observed.gateways, watched(gateway(`g${1000 + at}`, 9000 + at, weight))) } }
  round(); tell(); round(); round()
  change(3, 20); round(); tell(); round(); round()

  change(7, 20)
  expect(round()).toMatchObject({ publish: {}, looked: ['g1007'] })
  tell()
  expect(round()).toMatchObject({ putStatuses: [{ name: 'g1007', deployed: true, acknowledged: { '[10.0.0.1:80]': 20 } }], looked: ['g1007'] })
  expect(round()).toMatchObject({ putStatuses: [], looked: ['g1007'] })
  expect(round()).toMatchObject({ looked: [] })
})
