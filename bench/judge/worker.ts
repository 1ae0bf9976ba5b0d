/** A thread that plays releases as it is told. */
import { parentPort } from 'node:worker_threads'
import { methods, scenarios } from './catalogue.ts'
import type { Played } from './play.ts'
import { playRuns } from './rows.ts'
import type { World } from './world.ts'

export interface Job {
  readonly scenario: string
  readonly rps: number
  readonly method: string
  /** Numbers of the runs. */
  readonly first: number
  readonly runs: number
  readonly seed: number
  readonly lag: number
  readonly world?: { readonly name: string; readonly world: World }
}

/** What came of a job, as it is kept in a file of records. */
export interface Outcome extends Omit<Job, 'world' | 'runs'> { readonly played: readonly Played[] }

parentPort?.on('message', ({ world, runs, ...job }: Job) => {
  const scenario = scenarios(world).find(({ name }) => name === job.scenario)
  const method = methods().find(({ name }) => name === job.method)
  const outcome: Outcome | null = scenario && method ? { ...job, played: playRuns(scenario, job.rps, method, { ...job, runs }) } : null
  parentPort?.postMessage(outcome)
})
