/** A page that is told of much for long: events of a release at a steady rate, and what lives in the browser meanwhile. */
import { openClient } from '@vamp/client/client'
import { events } from '@vamp/model/api/events'
import type { CDPSession } from 'playwright-core'
import type { Stage } from './stage.ts'

/** As the judge tells of each second of a release, but so many a second; each is another second. Ends when it is over. */
export async function tellEvidence({ url }: Pick<Stage, 'url'>, { release, rate }: { readonly release: string; readonly rate: number }, over: () => boolean, told: (count: number) => void = () => undefined): Promise<void> {
  const client = openClient({ url })
  const start = Math.floor(Date.now() / 1000) + 100
  for (let second = 0; !over(); second++) {
    const due = Date.now() + 1000
    await Promise.all(Array.from({ length: rate }, async (_, index) => {
      await new Promise(resolve => setTimeout(resolve, 1000 * index / rate))
      const at = start + second * rate + index
      const arm = (requests: number) => ({ requests, errors: 0, latency: [], parts: [], instances: [] })
      await client.call(events.publish, { body: { type: 'release-evidence', tags: [`releases:${release}`], value: { second: at, at: at * 1000, phase: 'ramping', weight: 10 + second % 30, harm: 1 + Math.abs(Math.sin(at)), metrics: { error_rate: 1.2, latency_p99: 1 + Math.abs(Math.cos(at)) }, baseline: arm(50), canary: arm(5) } } })
      told(1)
    }))
    await new Promise(resolve => setTimeout(resolve, Math.max(0, due - Date.now())))
  }
}

export interface Alive { /** Megabytes. */ readonly heap: number; readonly nodes: number; readonly listeners: number }

/** After a collection. */
export async function alive(session: CDPSession): Promise<Alive> {
  await session.send('HeapProfiler.collectGarbage')
  const [{ usedSize }, { nodes, jsEventListeners }] = [await session.send('Runtime.getHeapUsage'), await session.send('Memory.getDOMCounters')]
  return { heap: usedSize / 1024 / 1024, nodes, listeners: jsEventListeners }
}

/** Of the line through the values, per value. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const [over, under] = values.reduce<readonly [number, number]>(([above, below], value, index) => [above + (index - middle) * (value - mean), below + (index - middle) ** 2], [0, 0])
  return under === 0 ? 0 : over / under
}
