/** Ports of the loopback that nobody listens on, below the range from which the kernel gives ports to outgoing connections. */
import { createServer } from 'node:net'

let nextPort = 15_000

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (; ports.length < count; nextPort++) {
    const server = createServer()
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(nextPort, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) ports.push(nextPort)
  }
  return ports
}
