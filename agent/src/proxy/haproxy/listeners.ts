/** Ports that a layout needs, and who else has them. */
import { Fault } from '@vamp/model/fault'
import type { Layout } from './layout.ts'
import { portHolder, portIsFree } from './port-holder.ts'

/** Throws `Fault('port_taken')` if a port that is new in `after` belongs to somebody else, or to two gateways. `master` is our own HAProxy. */
export async function requireFreePorts(before: Layout, after: Layout, master?: number): Promise<void> {
  const mine = new Set(listeners(before).map(({ port }) => port))
  const seen = new Map<string, string>()
  for (const { address, port, name } of listeners(after)) {
    const twin = seen.get(`${address}:${port}`)
    if (twin !== undefined) throw new Fault('port_taken', 'the port is in use', { port, holder: `gateway ${twin}`, gateway: name })
    seen.set(`${address}:${port}`, name)
    if (mine.has(port) || await portIsFree(address, port)) continue
    const holder = await portHolder(port)
    if (holder !== undefined && master !== undefined && (holder.pid === master || holder.parent === master)) continue
    throw new Fault('port_taken', 'the port is in use', { port, holder: holder?.text, gateway: name })
  }
}

/** Adds the holder to a `port_taken` that came from HAProxy itself. */
export async function withHolder<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.code !== 'port_taken') throw fault
    const port = Number(fault.facts['port'])
    throw new Fault('port_taken', 'the port is in use', { port, holder: (await portHolder(port))?.text }, { cause: fault })
  }
}

function listeners(layout: Layout): { address: string; port: number; name: string }[] {
  return [
    ...layout.gateways.map(({ table: { address, port, name } }) => ({ address, port, name })),
    ...(layout.virtual_hosts ? [{ ...layout.virtual_hosts, name: 'virtual hosts' }] : []),
  ]
}
