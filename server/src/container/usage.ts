/**
 * How much CPU and memory instances use. Drivers count; this makes rates of two counts. Nothing is read unless somebody asks,
 * and however many ask at once, the machine is read once.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Consumption, ContainerDriver } from './container-driver.ts'

/** A rate over less would be noise: CPU time is counted in hundredths of a second. */
const SPAN_MS_MIN = 1000
/** Counts that are older say nothing of now. */
const SPAN_MS_MAX = 30_000

export interface Usage {
  /** Cores, over the last second or some more; 1 is one core fully used. */
  readonly cpu: number
  readonly memoryBytes: number
}

export interface UsageMeter {
  /**
   * Of what runs, by instance. Answers at once from a reading that is younger than a second; the first time, or after half a
   * minute without a question, it takes a second to answer. An instance that is not there was not counted twice yet.
   */
  read(signal?: AbortSignal): Promise<ReadonlyMap<string, Usage>>
}

export function openUsageMeter({ driver, clock }: { readonly driver: Pick<ContainerDriver, 'observe' | 'statistics'>; readonly clock: Clock }): UsageMeter {
  let counts: ReadonlyMap<string, Consumption> = new Map()
  let countedAt = Number.NEGATIVE_INFINITY
  let usage: ReadonlyMap<string, Usage> = new Map()
  let reading: Promise<void> | undefined

  const count = async () => {
    const ids = (await driver.observe()).filter(({ state }) => state === 'running').map(({ id }) => id)
    const next = await driver.statistics(ids)
    usage = rates(counts, next)
    counts = next
    countedAt = clock.monotonic()
  }
  const refresh = async () => {
    const age = clock.monotonic() - countedAt
    if (age > SPAN_MS_MAX) {
      counts = new Map()
      await count()
      await clock.sleep(SPAN_MS_MIN)
    }
    await count()
  }

  return {
    async read(signal) {
      if (clock.monotonic() - countedAt >= SPAN_MS_MIN || reading) {
        reading ??= refresh().finally(() => { reading = undefined })
        await reading
      }
      signal?.throwIfAborted()
      return usage
    },
  }
}

function rates(before: ReadonlyMap<string, Consumption>, after: ReadonlyMap<string, Consumption>): ReadonlyMap<string, Usage> {
  return new Map([...after].flatMap(([id, { time, cpuSeconds, memoryBytes }]) => {
    const earlier = before.get(id)
    // A smaller count is another process under the same name.
    if (!earlier || time <= earlier.time || cpuSeconds < earlier.cpuSeconds) return []
    return [[id, { cpu: (cpuSeconds - earlier.cpuSeconds) / ((time - earlier.time) / 1000), memoryBytes }]]
  }))
}
