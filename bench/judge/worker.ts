/** A thread that plays rows as it is told. */
import { parentPort } from 'node:worker_threads'
import { methods, scenarios } from './catalogue.ts'
import { playRow } from './rows.ts'
import type { World } from './world.ts'

export interface Job {
  readonly scenario: string
  readonly rps: number
  readonly method: string
  readonly runs: number
  readonly seed: number
  readonly lag: number
  readonly world?: { readonly name: string; readonly world: World }
}

parentPort?.on('message', (job: Job) => {
  const scenario = scenarios(job.world).find(({ name }) => name === job.scenario)
  const method = methods().find(({ name }) => name === job.method)
  parentPort?.postMessage(scenario && method ? playRow(scenario, job.rps, method, job.runs, job.seed, job.lag) : null)
})
