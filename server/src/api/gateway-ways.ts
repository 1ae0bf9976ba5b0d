/** Where a gateway's routes lead, as far as they lead to other gateways, by name or by an address of this host: not back to it, and not to one that speaks TLS. */
import type { Gateway, RouteSettings } from '@vamp/model/gateway'
import { externalAddress, isThisHost } from '@vamp/model/name'
import type { PolicySettings } from '@vamp/model/policy'
import type { Reference } from '@vamp/model/reference'
import type { Draft } from './draft.ts'
import { refuse } from './refused.ts'

/** Throws `Refused`. What leads to a gateway that is not there yet is looked at when that one is written. */
export async function demandWaysOut(draft: Draft, gateway: Gateway): Promise<void> {
  const cameFrom = new Map<string, string>()
  const own = (await pathsOf(draft, gateway)).find(path => ownPort(path) === gateway.port.number)
  if (own !== undefined) refuse('CircularGatewayError', `Route '${own}' of gateway '${gateway.name}' is the gateway's own address.`, `routes/${own}`, 'requests would go in circles')
  await follow(gateway.name, gateway)
  if ((await policyOf(draft, gateway.policy))?.tls) await demandNobodyBefore(draft, gateway.name)

  async function follow(from: string, at: Gateway): Promise<void> {
    const names = await waysOut(draft, at)
    for (const name of [...names, ...await neighbours(at)]) {
      if (name === gateway.name) return circle(from)
      if (cameFrom.has(name)) continue
      const next = await draft.get('gateways', name)
      if (!next) continue
      cameFrom.set(name, from)
      if (from === gateway.name && names.includes(name) && (await policyOf(draft, next.policy))?.tls)
        refuse('TlsGatewayRouteError', `Route '${name}' leads to a gateway that speaks TLS.`, `routes/${name}`, 'lead it to a gateway without TLS, or to the services themselves')
      await follow(name, next)
    }
  }

  /** Gateways that are reached by an address. */
  async function neighbours(at: Gateway): Promise<string[]> {
    const ports = new Set((await pathsOf(draft, at)).flatMap(path => ownPort(path) ?? []))
    if (ports.size === 0) return []
    return [gateway, ...(await draft.list('gateways')).filter(({ name }) => name !== gateway.name)].filter(({ port }) => ports.has(port.number)).map(({ name }) => name)
  }

  function circle(last: string): never {
    const way = [gateway.name]
    for (let at: string | undefined = last; at !== undefined && at !== gateway.name; at = cameFrom.get(at)) way.unshift(at)
    return refuse('CircularGatewayError', `Gateway '${gateway.name}' leads back to itself: ${[gateway.name, ...way].join(' → ')}.`, 'routes', 'requests would go in circles')
  }
}

async function demandNobodyBefore(draft: Draft, name: string): Promise<void> {
  for (const other of await draft.list('gateways'))
    if (other.name !== name && (await waysOut(draft, other)).includes(name))
      refuse('TlsGatewayRouteError', `Gateway '${other.name}' leads to '${name}', which would speak TLS.`, 'policy/tls', 'lead it to a gateway without TLS, or to the services themselves')
}

/** The port of this host that a path leads to. */
function ownPort(path: string): number | undefined {
  const address = externalAddress(path)
  return address && isThisHost(address.host) ? address.port : undefined
}

/** What may be the name of another gateway; a path of four parts is a service. */
async function waysOut(draft: Draft, gateway: Gateway): Promise<string[]> {
  return (await pathsOf(draft, gateway)).filter(path => externalAddress(path) === undefined && path.split('/').length < 4)
}

/** Of its routes, and of what its policies name. */
export async function pathsOf(draft: Draft, { routes, policy }: Gateway): Promise<string[]> {
  const own = await policyOf(draft, policy)
  const settings = await Promise.all(routes.map(route => settingsOf(draft, route.settings)))
  const policies = await Promise.all(settings.map(each => policyOf(draft, each?.policy)))
  const paths = [...routes.map(({ path }) => path), ...[own, ...policies].flatMap(each => [...each?.failover ?? [], ...(each?.mirror ? [each.mirror.to] : [])])]
  // A failover names a route of the gateway or a place of its own; the former is among the paths already.
  return [...new Set(paths)]
}

const policyOf = async (draft: Draft, policy: Reference<PolicySettings> | undefined): Promise<PolicySettings | undefined> =>
  policy === undefined || policy.is === 'inline' ? policy?.value : await draft.get('policies', policy.reference)

const settingsOf = async (draft: Draft, settings: Reference<RouteSettings>): Promise<RouteSettings | undefined> =>
  settings.is === 'inline' ? settings.value : await draft.get('routes', settings.reference)
