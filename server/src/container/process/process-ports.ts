/** Port numbers for processes that share the host's network. */
import { createServer } from 'node:net'
import { Fault } from '@vamp/model/fault'

export interface PortRange { readonly from: number; readonly to: number }

/** Below Linux' ephemeral range (32768–60999), so that no outgoing connection takes one by chance. */
export const DEFAULT_PORTS: PortRange = { from: 21_000, to: 27_999 }

export interface PortAllocator {
  /** Ports that nobody of ours has and nothing listens on; held until released. */
  allocate(count: number): Promise<readonly number[]>
  hold(ports: readonly number[]): void
  release(ports: readonly number[]): void
}

/**
 * Goes round the range, beginning after the ports that are held from before, so that a port is not used again soon after it was given
 * back. Who looks whether it is free listens there for a moment, and a proxy that has not let go of it yet would send its requests there.
 */
export function portAllocator(range: PortRange, isFree: (port: number) => Promise<boolean> = nothingListens): PortAllocator {
  const held = new Set<number>()
  let next = range.from
  let given = false
  const take = async (): Promise<number> => {
    for (let tried = range.from; tried <= range.to; tried++) {
      const port = next
      next = next >= range.to ? range.from : next + 1
      if (held.has(port)) continue
      held.add(port)
      if (await isFree(port)) return port
      held.delete(port)
    }
    throw new Fault('conflict', `every port of ${range.from}–${range.to} is in use`, { ...range })
  }
  return {
    async allocate(count) {
      given = true
      const ports: number[] = []
      while (ports.length < count) ports.push(await take())
      return ports
    },
    hold(ports) {
      for (const port of ports) {
        held.add(port)
        if (!given && port >= next && port < range.to) next = port + 1
      }
    },
    release(ports) { for (const port of ports) held.delete(port) },
  }
}

/** On no address of this host. */
export async function nothingListens(port: number): Promise<boolean> {
  for (const host of ['0.0.0.0', '127.0.0.1']) if (!await canBind(port, host)) return false
  return true
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
