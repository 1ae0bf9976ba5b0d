/** The honest rival: a loop that starts the same things with the same parallelism, and asks each until it answers. No state, no events, no gateway. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openDockerClient } from '../../server/src/container/docker/docker-client.ts'
import { answers } from './visitor.ts'

export interface Bare {
  /** Resolves when all answer. */
  start(count: number): Promise<void>
  stop(): Promise<void>
}

/** As many as Vamp starts at once. */
const AT_ONCE = 10
const FIRST_PORT = 30_000

export function bareProcesses(words: readonly [string, ...string[]]): Bare {
  const children: ChildProcess[] = []
  return {
    start: count => inLanes(count, async number => {
      const [program, ...args] = words
      const port = FIRST_PORT + number
      children.push(spawn(program, args, { stdio: 'ignore', env: { ...process.env, PORT: String(port), VAMP_INSTANCE: String(number) } }))
      await answers(port)
    }),
    async stop() {
      await Promise.all(children.splice(0).map(async child => { const ended = once(child, 'exit'); child.kill('SIGTERM'); await ended }))
    },
  }
}

export async function bareContainers(host: string, body: object): Promise<Bare & AsyncDisposable> {
  const client = await openDockerClient({ host })
  const ids: string[] = []
  return {
    start: count => inLanes(count, async number => {
      const port = FIRST_PORT + number
      const { value: { Id } } = await client.call<{ Id: string }>('POST', '/containers/create', { body: { ...body, Env: [`PORT=${port}`, `VAMP_INSTANCE=${number}`] } })
      ids.push(Id)
      await client.call('POST', `/containers/${Id}/start`)
      await answers(port)
    }),
    async stop() {
      const mine = ids.splice(0)
      await inLanes(mine.length, async number => { await client.call('DELETE', `/containers/${mine[number]}`, { query: { force: true, v: true } }) })
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function inLanes(count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => { while (next < count) await work(next++) }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane))
}
