/**
 * From what is stored and what runs to what the data plane must do. Pure. A gateway that cannot be as it is wanted is carried
 * out as far as possible, and its problems are told; nothing that is wrong with one gateway touches another.
 */
import type { Condition, ConditionNode } from '../condition.ts'
import { byName, replaced, withKey } from '../changed.ts'
import { parseCondition } from '../condition/parse.ts'
import type { Deployment, DeploymentStatus } from '../deployment.ts'
import type { Gateway, Rewrite, Route, RouteArtifact, RouteSettings } from '../gateway.ts'
import { gatewayLookupName, routeLookupName } from '../lookup-name.ts'
import type { Policy, PolicySettings } from '../policy.ts'
import type { Reference } from '../reference.ts'
import { assignWeights, shareOf, sharesOf, weightProblem } from '../weights.ts'
import { groupRoutes } from '../selector/group-routes.ts'
import { effectivePolicy } from './effective-policy.ts'
import { resolveTarget, type Targets } from './route-target.ts'
import { type Candidate, candidates, selectGroups } from './selected.ts'
import type { Endpoint, GatewayTable, MirrorTarget, RouteTable, RouteTarget, RoutingTable } from './table.ts'
import { ALL_INSTANCES, type Built, type Listeners, type Mended, type Question, question, type SourceKind, type Sources, ownPort, TableMemo } from './table-memo.ts'
import { virtualHosts } from './virtual-host.ts'

export interface BuildInput {
  /** Those without a port number are left out. */
  readonly gateways: readonly Gateway[]
  readonly deployments: readonly Deployment[]
  /** Of the deployments: their instances. */
  readonly statuses: readonly DeploymentStatus[]
  readonly lookupCondition?: (name: string) => Condition | undefined
  readonly lookupRewrite?: (name: string) => Rewrite | undefined
  readonly lookupRoute?: (name: string) => RouteArtifact | undefined
  readonly lookupPolicy?: (name: string) => Policy | undefined
  readonly revision: number
  /** Where gateways listen. */
  readonly address: string
  /** The shared listener for virtual hosts; absent = none, and no default names. */
  readonly virtualHosts?: { readonly address: string; readonly port: number }
  /** What deployments, statuses and all that is looked up are taken from; absent: not known, so nothing is known to be as it was. */
  readonly sources?: Sources
}

export interface GatewayProblem {
  readonly gateway: string
  readonly message: string
}

export interface BuiltTable {
  readonly table: RoutingTable
  readonly problems: readonly GatewayProblem[]
  /** Names of gateways without a port. */
  readonly unassigned: readonly string[]
}

/** `memo`: of earlier tables. With it, it costs what changed, and what did not change is the same object as before. */
export function buildTable(input: BuildInput, memo: TableMemo = new TableMemo()): BuiltTable {
  const { listeners, stale } = memo.begin(input, listenersOf)
  const there = { targets: targetsOf(input, listeners.listening), universe: once(() => candidates(input.deployments, input.statuses)) }
  const tables = memo.take(new Map(stale.map(gateway => [gateway.name, build(gateway, input, there)])))
  const mended = memo.mended(withoutLoops)
  return {
    table: { revision: input.revision, gateways: replaced(tables, mended.tables, byName), ...(input.virtualHosts ? { virtual_hosts: input.virtualHosts } : {}) },
    problems: [...listeners.problems, ...memo.problems(), ...mended.problems],
    unassigned: listeners.unassigned,
  }
}

/** What there is, besides what is looked up. */
interface There { readonly targets: Targets; readonly universe: () => readonly Candidate[] }

function targetsOf({ deployments, statuses }: BuildInput, listening: readonly Gateway[]): Targets {
  const named = lookup(listening)
  return { gateways: { has: name => named(name) !== undefined }, deployments: { get: lookup(deployments) }, statuses: { get: lookup(statuses) } }
}

/** By name; all are put in order only if one is asked for. */
function lookup<T extends { readonly name: string }>(items: readonly T[]): (name: string) => T | undefined {
  return name => withKey(items, name, byName)
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function build(gateway: Gateway, input: BuildInput, there: There): Built {
  const problems: GatewayProblem[] = []
  const recorded = recording(input, there)
  return { table: new GatewayBuilder(recorded.input, recorded.there, gateway, problems).build(), problems, asked: recorded.asked }
}

/** The same, with every question written down. */
function recording(input: BuildInput, { targets, universe }: There): { readonly input: BuildInput; readonly there: There; readonly asked: ReadonlySet<Question> } {
  const asked = new Set<Question>()
  const noted = <T>(kind: SourceKind | 'gateways', look: (name: string) => T) => (name: string): T => {
    asked.add(question(kind, name))
    return look(name)
  }
  return {
    asked,
    input: {
      ...input,
      lookupCondition: noted('conditions', name => input.lookupCondition?.(name)), lookupRewrite: noted('rewrites', name => input.lookupRewrite?.(name)),
      lookupRoute: noted('routes', name => input.lookupRoute?.(name)), lookupPolicy: noted('policies', name => input.lookupPolicy?.(name)),
    },
    there: {
      targets: {
        gateways: { has: noted('gateways', name => targets.gateways.has(name)) },
        deployments: { get: noted('deployments', name => targets.deployments.get(name)) },
        statuses: { get: noted('deployment-statuses', name => targets.statuses.get(name)) },
      },
      universe() {
        asked.add(ALL_INSTANCES)
        return universe()
      },
    },
  }
}

/** The first gateway that wants a port gets it. */
function listenersOf({ gateways, virtualHosts }: BuildInput): Listeners {
  const problems: GatewayProblem[] = []
  const holders = new Map<number, string>(virtualHosts ? [[virtualHosts.port, 'the virtual hosts']] : [])
  const listening = gateways.filter(({ name, port }) => {
    if (port.number === 0) return false
    const holder = holders.get(port.number)
    if (holder === undefined) holders.set(port.number, name)
    else problems.push({ gateway: name, message: `Port ${port.number} is in use by ${holder}.` })
    return holder === undefined
  })
  return { listening, problems, unassigned: gateways.flatMap(({ name, port }) => port.number === 0 ? [name] : []) }
}

/** A gateway that can be reached from itself would send requests in circles: such routes lead nowhere, and such ways out are none. `leading`: those that may lead to gateways. */
function withoutLoops(leading: readonly GatewayTable[]): Mended {
  const problems: GatewayProblem[] = []
  const listeners = new Map(leading.map(({ name, port }) => [port, name]))
  const to = (target: MirrorTarget, { address }: GatewayTable) => target.is === 'gateway' ? target.gateway : listeners.get(ownPort(target, address) ?? 0)
  const next = new Map(leading.map(gateway => [gateway.name, waysOut(gateway).flatMap(target => to(target, gateway) ?? [])]))
  const reachable = (from: string): ReadonlySet<string> => {
    const seen = new Set([from])
    for (const name of seen) for (const gateway of next.get(name) ?? []) seen.add(gateway)
    return seen
  }
  const tables = leading.flatMap(gateway => {
    const leadsBack = (target: MirrorTarget | undefined) => {
      const name = target && to(target, gateway)
      return name !== undefined && reachable(name).has(gateway.name)
    }
    if (!waysOut(gateway).some(leadsBack)) return []
    return [[gateway.name, { ...gateway, routes: gateway.routes.map(route => {
      const { target, failover, mirror, ...rest } = route
      if (![target, mirror, ...failover ?? []].some(leadsBack)) return route
      problems.push({ gateway: gateway.name, message: `Route '${route.path}' leads back to the gateway.` })
      const others = failover?.filter(each => !leadsBack(each)) ?? []
      return {
        ...rest, target: leadsBack(target) ? { is: 'endpoints' as const, endpoints: [] } : target,
        ...(others.length > 0 ? { failover: others } : {}), ...(mirror && !leadsBack(mirror) ? { mirror } : {}),
      }
    }) }] as const]
  })
  return { tables: new Map(tables), problems }
}

const waysOut = ({ routes }: GatewayTable): readonly MirrorTarget[] => routes.flatMap(({ target, failover = [], mirror }) => [target, ...failover, ...(mirror ? [mirror] : [])])

class GatewayBuilder {
  private readonly input: BuildInput
  private readonly there: There
  private readonly gateway: Gateway
  private readonly problems: GatewayProblem[]

  constructor(input: BuildInput, there: There, gateway: Gateway, problems: GatewayProblem[]) {
    this.input = input
    this.there = there
    this.gateway = gateway
    this.problems = problems
  }

  build(): GatewayTable {
    const { name, port, sticky, split, smooth, virtual_hosts, policy, selector } = this.gateway
    const groups = selector === undefined ? undefined : this.selected(selector)
    const routes = groups ? this.groupRoutes([...groups.keys()]) : this.gateway.routes
    const settings = routes.map(route => this.settings(route))
    const weights = settings.map(({ weight }) => weight)
    const refused = weightProblem(weights)
    if (refused) this.tell(`${refused.reason}: ${name}.`)
    const shares = sharesOf(assignWeights(weights))
    const http = port.type === 'http'
    const own = this.policy(policy)
    return {
      name, lookup_name: gatewayLookupName(name), address: this.input.address, port: port.number, mode: port.type,
      virtual_hosts: http ? virtualHosts(name, virtual_hosts, this.input.virtualHosts !== undefined) : [],
      sticky: http ? sticky : 'none',
      ...(split && http ? { split } : {}), ...(smooth && http ? { smooth } : {}),
      routes: this.withWaysOut(routes.map(({ path }, index) => this.route(path, settings[index] ?? NO_SETTINGS, shares[index] ?? 0, groups?.get(path))), own.policy),
      ...own,
    }
  }

  /** The routes with the policy that holds for each, and where failover and mirroring lead. */
  private withWaysOut(routes: readonly RouteTable[], ofGateway: PolicySettings | undefined): readonly RouteTable[] {
    return routes.map(route => {
      const { policy: own, ...rest } = route
      const policy = effectivePolicy(ofGateway, own)
      if (!policy) return rest
      const others = policy.failover?.filter(path => path !== route.path)
      const mirror = policy.mirror && policy.mirror.to !== route.path ? this.mirrorTarget(policy.mirror.to, routes) : undefined
      return {
        ...rest, policy,
        ...(others && others.length > 0 ? { failover: others.map(path => this.wayOut(path, routes)) } : {}),
        ...(mirror ? { mirror } : {}),
      }
    })
  }

  private mirrorTarget(path: string, routes: readonly RouteTable[]): MirrorTarget {
    return routes.some(route => route.path === path) ? { is: 'route', route: path } : this.wayOut(path, routes)
  }

  private wayOut(path: string, routes: readonly RouteTable[]): RouteTarget {
    const known = routes.find(route => route.path === path)
    if (known) return known.target
    const { target, problem } = resolveTarget(path, this.there.targets)
    if (problem !== undefined) this.tell(problem)
    return target
  }

  private route(path: string, settings: RouteSettings, weight: number, members: readonly Endpoint[] | undefined): RouteTable {
    const condition = this.condition(path, settings.condition)
    const chosen = members ?? (settings.selector === undefined ? undefined : [...this.selected(settings.selector).values()].flat())
    const { target, problem } = chosen ? { target: { is: 'endpoints' as const, endpoints: chosen }, problem: undefined } : resolveTarget(path, this.there.targets)
    if (problem !== undefined) this.tell(problem)
    return {
      path, lookup_name: routeLookupName(this.gateway.name, path), weight,
      ...(condition ? { condition } : {}),
      strength: condition ? shareOf(settings.condition_strength ?? 100) : 0,
      target,
      ...(settings.balance === undefined ? {} : { balance: settings.balance }),
      rewrites: settings.rewrites.flatMap(rewrite => this.rewrite(rewrite)),
      ...this.policy(settings.policy),
    }
  }

  /** Routes that are there keep their order; those of new groups follow by name. */
  private groupRoutes(groups: readonly string[]): readonly Route[] {
    const there = this.gateway.routes.map(({ path }) => path).filter(path => groups.includes(path))
    return groupRoutes(this.gateway.routes, [...there, ...groups.filter(group => !there.includes(group)).sort()])
  }

  private selected(selector: string): ReadonlyMap<string, readonly Endpoint[]> {
    const groups = selectGroups(selector, this.there.universe())
    if (groups.is === 'ok') return groups.value
    for (const { message } of groups.problems) this.tell(message)
    return new Map()
  }

  private settings({ settings }: Route): RouteSettings {
    if (settings.is === 'inline') return settings.value
    return this.input.lookupRoute?.(settings.reference) ?? this.missing('route', settings.reference) ?? NO_SETTINGS
  }

  private condition(path: string, reference: Reference<Condition> | undefined): ConditionNode | undefined {
    if (!reference) return undefined
    const condition = reference.is === 'inline' ? reference.value : this.input.lookupCondition?.(reference.reference)
    if (!condition) return this.missing('condition', reference.is === 'reference' ? reference.reference : '')
    if (this.gateway.port.type === 'tcp') return this.tell(`HTTP conditions are not allowed for TCP port: '${this.gateway.port.number}'.`)
    const parsed = parseCondition(condition.condition)
    if (parsed.is === 'ok') return parsed.value
    return this.tell(`The condition of route '${path}' is left out. ${parsed.problems.map(({ message }) => message).join(' ')}`)
  }

  /** `NEW_PATH if CONDITION`; the last ` if ` splits. */
  private rewrite(reference: Reference<Rewrite>): RouteTable['rewrites'] {
    const rewrite = reference.is === 'inline' ? reference.value : this.input.lookupRewrite?.(reference.reference) ?? this.missing('rewrite', reference.reference)
    if (!rewrite) return []
    const split = [...rewrite.path.matchAll(/\sif\s/gi)].at(-1)?.index ?? 0
    const [path, condition] = [rewrite.path.slice(0, split).trim(), rewrite.path.slice(split + 4).trim()]
    if (path !== '' && condition !== '') return [{ path, condition }]
    this.tell(`Unsupported path rewrite: '${rewrite.path}'.`)
    return []
  }

  private policy(reference: Reference<PolicySettings> | undefined): { readonly policy?: PolicySettings } {
    if (!reference) return {}
    if (reference.is === 'inline') return { policy: reference.value }
    const policy = this.input.lookupPolicy?.(reference.reference)
    if (!policy) return this.missing('policy', reference.reference) ?? {}
    const { kind: _kind, name: _name, metadata: _metadata, ...settings } = policy
    return { policy: settings }
  }

  private missing(what: string, name: string): undefined {
    return this.tell(`Artifact cannot be found: ${what} '${name}'.`)
  }

  private tell(message: string): undefined {
    this.problems.push({ gateway: this.gateway.name, message })
    return undefined
  }
}

const NO_SETTINGS: RouteSettings = { metadata: {}, rewrites: [] }
