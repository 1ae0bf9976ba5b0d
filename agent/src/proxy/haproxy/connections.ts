/** Requests and connections in progress, of the worker that serves and of those that end after a reload. */
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { lazily } from './lazily.ts'
import type { Layout } from './layout.ts'
import { askMaster, oldWorkers } from './master-socket.ts'
import { WAITING_SERVER } from './policy-lines.ts'
import type { Runtime } from './runtime.ts'

/** Old workers that are asked; there are more only if reloads come faster than requests end. */
const OLD_WORKERS_MAX = 20

/** By endpoint id; endpoints without any are missing. */
export async function serverConnections(directory: string, clock: Clock, runtime: Runtime | undefined, layout: Layout): Promise<ReadonlyMap<string, number>> {
  if (!runtime) return new Map()
  const hashed = lazily(() => new Map(layout.slots.flatMap(slot => Object.entries(slot.servers).map(([name, server]) => [name, server.id] as const))))
  const counts = new Map<string, number>()
  const answers = [await runtime.ask('show servers conn'), ...await oldConnections(directory, clock)]
  for (const answer of answers) for (const [name, used] of usedConnections(answer)) {
    // Most names are the ids themselves.
    const id = name.startsWith('h:') ? hashed().get(name) ?? name : name
    counts.set(id, (counts.get(id) ?? 0) + used)
  }
  return counts
}

/** `backend/server … used_cur`: the seventh column. Those that have any; thousands of lines are read every second, and few of them do. */
export function* usedConnections(answer: string): Generator<readonly [server: string, used: number]> {
  for (const [, server = '', used] of answer.matchAll(/^b\d+\/(\S+)(?: \S+){5} ([1-9]\d*)/gm)) if (server !== WAITING_SERVER) yield [server, Number(used)]
}

/** Throws where nobody can tell whether there are any: what is not counted is not idle. One that ended since has nothing any more. */
async function oldConnections(directory: string, clock: Clock): Promise<string[]> {
  const old = await oldWorkers(directory, clock)
  return Promise.all(old.slice(0, OLD_WORKERS_MAX).map(async pid => {
    const answer = await askMaster(directory, clock, `@!${pid} show servers conn`).catch(() => '')
    if (answer.startsWith('#') || !(await oldWorkers(directory, clock)).includes(pid)) return answer
    throw new Fault('proxy_unreachable', 'a worker that is ending does not answer', { pid })
  }))
}
