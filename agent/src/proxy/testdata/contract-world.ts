/** What the topics of the proxies' contract have in common: the harness of a driver, and questions to it. */
import type { ConditionNode } from '@vamp/model/condition'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Applied, Proxy as ProxyPort, Sample } from '../proxy.ts'

export interface ContractRequest {
  readonly method?: string
  /**
   * What the backends make of it: `/hold` is answered when the harness releases it, `/slow` after 100 ms, `/reset` never (the
   * connection is cut), `/status/418` with that status; anything else with 200. A path may go on after a `?`.
   */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Over a connection of its own; otherwise connections may be kept. */
  readonly fresh?: boolean
  /** The client gives up. */
  readonly signal?: AbortSignal
}

export interface ContractAnswer {
  /** 0: no answer. */
  readonly status: number
  /** The id of the backend that answered; '' where the proxy did. */
  readonly instance: string
  /** Values by name, from the answer's `Set-Cookie` headers. */
  readonly cookies: Readonly<Record<string, string>>
}

export interface ProxyHarness {
  readonly proxy: ProxyPort
  /** Starts a backend that answers with its id. */
  backend(id: string): Promise<Endpoint>
  /** An address where nobody listens. */
  dead(id: string): Promise<Endpoint>
  freePort(): Promise<number>
  /** Somebody else takes the port, until the end of the test. */
  occupy(port: number): Promise<void>
  /** Unix milliseconds of the world. */
  now(): number
  request(port: number, request?: ContractRequest): Promise<ContractAnswer>
  /** How many requests the backend is holding. */
  held(id: string): number
  release(): void
  /** Lets time pass until the condition holds; fails if it does not come. */
  until(condition: () => Promise<boolean> | boolean): Promise<void>
  /** The table with something in it that this driver refuses. */
  refused(table: RoutingTable): RoutingTable
  /** Does traffic go on after `detach`? */
  readonly survivesDetach: boolean
  close(): Promise<void>
}

/** What a driver cannot do (yet), each with its reason, which the skipped test shows. */
export type Gap = 'tcp' | 'virtual hosts' | 'gateway chains' | 'client gives up' | 'conditions' | 'split by user'

export interface TableParts { readonly weight?: number; readonly strength?: number; readonly condition?: ConditionNode; readonly to: readonly Endpoint[] | string }

/** Routes by name; `to` are endpoints or the name of another gateway. */
export function contractGateway(name: string, port: number, routes: Readonly<Record<string, TableParts>>, over: Partial<GatewayTable> = {}): GatewayTable {
  return {
    name, lookup_name: lookupName(name), address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'none', ...over,
    routes: Object.entries(routes).map(([path, { weight = 0, strength = 0, condition, to }]): RouteTable => ({
      path, lookup_name: lookupName(`${name}/${path}`), weight, strength, rewrites: [], ...(condition ? { condition } : {}),
      target: typeof to === 'string' ? { is: 'gateway', gateway: to } : { is: 'endpoints', endpoints: to },
    })),
  }
}

/** Names in real tables are hashes: 40 letters and digits. */
const lookupName = (name: string) => Buffer.from(name).toString('hex').padEnd(40, '0').slice(-40)

/** One test's harness and what it has seen so far. */
export interface ContractWorld {
  readonly harness: ProxyHarness
  readonly samples: readonly Sample[]
  /** Of the last table that was made. */
  readonly revision: number
  /** `test`, skipped where the driver has the gap. */
  unless(gap: Gap): (title: string, work: () => Promise<void>) => void
  tableOf(gateways: readonly GatewayTable[], over?: Partial<RoutingTable>): RoutingTable
  apply(...gateways: GatewayTable[]): Promise<Applied>
  many(port: number, count: number, request?: ContractRequest): Promise<ContractAnswer[]>
  counted(answers: readonly ContractAnswer[]): Record<string, number>
  sampled(count: number): Promise<readonly Sample[]>
  two(): Promise<readonly [Endpoint, Endpoint]>
}

/** To be called where the tests are described. */
export function contractWorld(open: () => Promise<ProxyHarness>, gaps: Partial<Record<Gap, string>>): ContractWorld {
  let harness: ProxyHarness
  let samples: Sample[]
  let dropped: number
  let revision: number
  beforeEach(async () => {
    harness = await open()
    revision = 0
    dropped = 0
    samples = []
    harness.proxy.onSamples((more, lost) => { samples.push(...more); dropped += lost })
  })
  afterEach(async () => { await harness.close() })

  // What a driver refuses at validation is told as skipped, with the driver's reason in the title.
  const unless = (gap: Gap) => gaps[gap] === undefined ? test : (title: string, _: () => Promise<void>) => test.skip(`${title} — not here: ${gaps[gap]}`, () => {})
  const tableOf = (gateways: readonly GatewayTable[], over: Partial<RoutingTable> = {}): RoutingTable => ({ revision: ++revision, gateways, ...over })
  const apply = (...gateways: GatewayTable[]) => harness.proxy.apply(tableOf(gateways))
  const many = async (port: number, count: number, request: ContractRequest = {}) => {
    const answers: ContractAnswer[] = []
    // A few at a time, kept and fresh connections mixed.
    for (let at = 0; at < count; at += 10) {
      answers.push(...await Promise.all(Array.from({ length: Math.min(10, count - at) }, (_, index) =>
        harness.request(port, { ...request, fresh: request.fresh ?? index % 5 === 0 }))))
    }
    return answers
  }
  const counted = (answers: readonly ContractAnswer[]) => {
    const counts: Record<string, number> = {}
    for (const { instance } of answers) counts[instance] = (counts[instance] ?? 0) + 1
    return counts
  }
  const sampled = async (count: number) => {
    await harness.until(() => samples.length >= count)
    expect(samples).toHaveLength(count)
    expect(dropped).toBe(0)
    return samples
  }
  const two = async () => [await harness.backend('one'), await harness.backend('two')] as const
  return {
    get harness() { return harness },
    get samples() { return samples },
    get revision() { return revision },
    unless, tableOf, apply, many, counted, sampled, two,
  }
}

/** |z| ≤ 5 for a binomial. */
export function expectShare(count: number, of: number, share: number): void {
  expect(Math.abs(count - of * share) / Math.sqrt(of * share * (1 - share)), `${count} of ${of} for a share of ${share}`).toBeLessThanOrEqual(5)
}
