/** Ports for gateways that name none. */
import { Fault } from '@vamp/model/fault'

export interface PortRange { readonly from: number; readonly to: number }

/** The lowest port of the range that no gateway has and nothing listens on. A freed port is used again. */
export async function freePort(range: PortRange, taken: ReadonlySet<number>, portFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let port = range.from; port <= range.to; port++) if (!taken.has(port) && await portFree(port)) return port
  throw new Fault('conflict', `No port available in the range [${range.from}-${range.to}].`, { ...range })
}
