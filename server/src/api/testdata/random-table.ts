/** Tables of two gateways with everything that decides where a request goes, and requests that meet it. */
import type { ConditionNode } from '@vamp/model/condition'
import type { Endpoint, GatewayTable, RouteTable, RoutingTable } from '@vamp/model/routing/table'

/** Marsaglia's xorshift, 32 bits. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const pickFrom = (random: () => number) => <T>(...from: readonly [T, ...T[]]): T => from[Math.floor(random() * from.length)] ?? from[0]

const chrome: ConditionNode = { is: 'user_agent', value: 'Chrome' }
const CONDITIONS: readonly [ConditionNode, ...ConditionNode[]] = [chrome, { is: 'header', name: 'x-beta' }, { is: 'path', match: 'begins', value: '/cart' }, { is: 'method', value: 'POST' }, { is: 'cookie_is', name: 'user', value: 'u1' }, { is: 'and', left: chrome, right: { is: 'not', operand: { is: 'header', name: 'x-beta' } } }, { is: 'true' }]

export interface RandomWorld {
  /** Of the gateways `outer` and `inner`. */
  readonly ports: readonly [number, number]
  readonly endpoint: (id: string) => Endpoint
}

const VIRTUAL: RandomWorld = { ports: [1, 2], endpoint: id => ({ id, host: '127.0.0.1', port: 1, state: 'ready' }) }

/** Ids of all instances that a random table may have. */
export const INSTANCES = ['outer', 'inner'].flatMap(gateway => [0, 1, 2, 3].flatMap(route => [0, 1, 2].map(number => `${gateway}r${route}-${number}`)))

/** `outer` may lead to `inner`, and that, now and then, to a gateway that does not listen. */
export function randomTable(random: () => number, { ports, endpoint } = VIRTUAL, revision = 1): RoutingTable {
  const pick = pickFrom(random)
  const side = (name: string, port: number, inner: string | undefined): GatewayTable => {
    const count = 1 + Math.floor(random() * 4)
    const cuts = [0, ...Array.from({ length: count - 1 }, () => Math.floor(random() * 10_001)).toSorted((a, b) => a - b), 10_000]
    const routes = Array.from({ length: count }, (_, index): RouteTable => {
      const endpoints = Array.from({ length: Math.floor(random() * 4) }, (_, number) => ({ ...endpoint(`${name}r${index}-${number}`), state: pick<Endpoint['state']>('ready', 'ready', 'draining') }))
      const target = inner !== undefined && random() < 0.4 ? { is: 'gateway', gateway: inner } as const : { is: 'endpoints', endpoints } as const
      const path = target.is === 'gateway' ? `${target.gateway}${index}` : `${name}r${index}`
      return {
        path, lookup_name: `${name}${path}`, weight: (cuts[index + 1] ?? 0) - (cuts[index] ?? 0), strength: 0, rewrites: [], target,
        ...(random() < 0.5 ? { condition: pick(...CONDITIONS), strength: pick(0, 1, 2_500, 9_000, 10_000) } : {}),
      }
    })
    const off = random() < 0.05
    return {
      name, lookup_name: name, address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], routes: off ? routes.map(each => ({ ...each, weight: 0 })) : routes,
      sticky: pick('none', 'route', 'instance'), ...(random() < 0.3 ? { split: pick({ by: 'cookie', name: 'user' } as const, { by: 'header', name: 'x-user' } as const) } : {}),
    }
  }
  return { revision, gateways: [side('outer', ports[0], 'inner'), side('inner', ports[1], random() < 0.9 ? undefined : 'nowhere')] }
}

/** `kept`: cookies of earlier answers, each with `; ` behind it. */
export function randomRequest(random: () => number, kept: string) {
  const pick = pickFrom(random)
  const headers: Record<string, string> = {
    ...(random() < 0.5 ? { 'user-agent': pick('Firefox', 'Chrome 12') } : {}), ...(random() < 0.3 ? { 'x-beta': '1' } : {}), ...(random() < 0.3 ? { 'x-user': pick('a', 'b', 'c') } : {}),
    ...(random() < 0.7 ? { cookie: `${kept}user=${pick('u1', 'u2', 'u3')}` } : {}),
  }
  return { method: pick<string>('GET', 'POST'), path: pick<string>('/', '/cart/1?x=2'), headers }
}
