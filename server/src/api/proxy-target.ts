/** What a path below `/proxy/` leads to: a gateway or an instance that this server knows of, and never anything else. */
import { WORKLOADS } from '../workflow/launch.ts'
import type { World } from './world.ts'

export interface ProxyTarget {
  readonly host: string
  readonly port: number
  /** With the query, as it was sent. */
  readonly path: string
}

/** Names of gateways have up to so many segments. */
const GATEWAY_SEGMENTS_MAX = 4

type Known = Pick<World, 'store' | 'fleet' | 'containers'>

/** Of `/proxy/gateways/{name…}/…`, `/proxy/workflows/{w}/instances/{i}/ports/{p}/…` or `/proxy/deployments/{d}/clusters/{c}/services/{s}/instances/{i}/ports/{p}/…`; nothing where there is none. */
export async function proxyTarget(world: Known, url: string): Promise<ProxyTarget | undefined> {
  const at = url.search(/[?#]/)
  const [path, query] = at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at)]
  const [, , kind, ...segments] = path.split('/')
  const to = (address: { readonly host: string; readonly port: number } | undefined, used: number) => address && { ...address, path: `/${segments.slice(used).join('/')}${query}` }
  if (kind === 'gateways') {
    for (let used = Math.min(GATEWAY_SEGMENTS_MAX, segments.length); used > 0; used--) {
      const found = await gatewayAddress(world, segments.slice(0, used).map(unescaped).join('/'))
      if (found) return to(found, used)
    }
    return undefined
  }
  if (kind === 'workflows') {
    const [workflow = '', instances, instance = '', ports, port = ''] = segments.map(unescaped)
    return instances === 'instances' && ports === 'ports' ? to(await workflowAddress(world, { workflow, instance, port }), 5) : undefined
  }
  if (kind !== 'deployments' || segments.length < 9) return undefined
  const [deployment = '', clusters, cluster = '', services, service = '', instances, instance = '', ports, port = ''] = segments.map(unescaped)
  if (clusters !== 'clusters' || services !== 'services' || instances !== 'instances' || ports !== 'ports') return undefined
  return to(await instanceAddress(world, { deployment, cluster, service, instance, port }), 9)
}

/** Of a gateway for HTTP that a proxy carries. */
async function gatewayAddress({ store, fleet }: Known, name: string): Promise<{ host: string; port: number } | undefined> {
  const gateway = fleet.table.gateways.find(known => known.name === name && known.mode === 'http' && known.port > 0)
  if (!gateway || !(await store.get('gateway-statuses', name))?.value.deployed) return undefined
  return { host: gateway.address === '0.0.0.0' || gateway.address === '::' ? '127.0.0.1' : gateway.address, port: gateway.port }
}

async function instanceAddress({ store }: Known, { deployment, cluster, service, instance, port }: { deployment: string; cluster: string; service: string; instance: string; port: string }): Promise<{ host: string; port: number } | undefined> {
  const known = (await store.get('deployment-statuses', deployment))?.value.instances.find(({ id }) => id === instance)
  if (!known || known.cluster !== cluster || known.service !== service || known.state === 'failed' || known.state === 'stopping') return undefined
  const number = Object.hasOwn(known.ports, port) ? known.ports[port] : undefined
  return number ? { host: known.host, port: number } : undefined
}

/** Of a workflow that runs in a container of its own. */
async function workflowAddress({ containers }: Known, { workflow, instance, port }: { workflow: string; instance: string; port: string }): Promise<{ host: string; port: number } | undefined> {
  const running = (await containers.observe(`${WORKLOADS}${workflow}`)).find(({ id, state }) => id === instance && state === 'running')
  const number = running && Object.hasOwn(running.ports, port) ? running.ports[port] : undefined
  return running && number ? { host: running.host, port: number } : undefined
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
