/** A page that is told of much for long: events of a release at a steady rate, and what lives in the browser meanwhile. */
import { openClient } from '@vamp/client/client'
import { events } from '@vamp/model/api/events'
import type { CDPSession } from 'playwright-core'
import type { Stage } from './stage.ts'

/** Calls that are under way at once. */
const TELLERS = 8
/** Who is further behind was stopped with the whole program; that is not made up for. */
const DEBT_MS_MAX = 5000

/**
 * As the judge tells of each second of a release, but so many a second; each is another second. Which one is due follows from the clock, so what a stall
 * held up is told after it. Ends when it is over. `told` hears how many more are told and how many more milliseconds were given up.
 */
export async function tellEvidence({ url }: Pick<Stage, 'url'>, { release, rate }: { readonly release: string; readonly rate: number }, over: () => boolean, told: (count: number, stoppedMs: number) => void = () => undefined): Promise<void> {
  const client = openClient({ url })
  const first = Math.floor(Date.now() / 1000) + 100
  let [began, next] = [performance.now(), 0]
  const teller = async () => {
    while (!over()) {
      const behind = performance.now() - began - 1000 * next / rate
      if (behind < 0) { await new Promise(resolve => setTimeout(resolve, -behind)); continue }
      if (behind > DEBT_MS_MAX) { began += behind; told(0, behind) }
      await client.call(events.publish, { body: { type: 'release-evidence', tags: [`releases:${release}`], value: evidenceOf(first + next++) } })
      told(1, 0)
    }
  }
  await Promise.all(Array.from({ length: TELLERS }, teller))
}

function evidenceOf(second: number) {
  const arm = (requests: number) => ({ requests, errors: 0, latency: [], parts: [], instances: [] })
  return { second, at: second * 1000, phase: 'ramping', weight: 10 + Math.floor(second / 60) % 30, harm: 1 + Math.abs(Math.sin(second)), metrics: { error_rate: 1.2, latency_p99: 1 + Math.abs(Math.cos(second)) }, baseline: arm(50), canary: arm(5) }
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
