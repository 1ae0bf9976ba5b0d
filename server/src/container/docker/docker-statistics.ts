/** What the engine counts of a container, https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerStats. */
import type { Consumption } from '../container-driver.ts'
import type { DockerClient } from './docker-client.ts'

/** Asked at the same time; each answer makes the engine read the files of one control group. */
const AT_ONCE_MAX = 8

interface Counted {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } }
  /** Empty while the container is being started or ended. */
  readonly memory_stats: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> }
}

/** `containers`: instance → name. */
export async function readStatistics(client: DockerClient, containers: ReadonlyMap<string, string>, now: () => number, signal?: AbortSignal): Promise<ReadonlyMap<string, Consumption>> {
  const counted = new Map<string, Consumption>()
  const waiting = [...containers]
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [id, name] = next
      const { status, value } = await client.call<Counted>('GET', `/containers/${name}/stats`, { query: { stream: false, 'one-shot': true }, accept: [404, 409], signal })
      if (status === 200 && value.memory_stats.usage !== undefined) counted.set(id, { time: now(), ...consumption(value) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, work))
  return counted
}

/** As the command line of Docker counts: files that nobody has read for long are no use of memory. The field has a name per version of control groups. */
function consumption({ cpu_stats: cpu, memory_stats: { usage = 0, stats = {} } }: Counted): Omit<Consumption, 'time'> {
  const idle = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0
  return { cpuSeconds: cpu.cpu_usage.total_usage / 1e9, memoryBytes: Math.max(0, usage - idle) }
}
