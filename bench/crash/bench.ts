/**
 * Random lives: what is wanted changes, and the server, instances and the engine are killed, with visitors on a gateway of a real
 * HAProxy. Always converges, no orphan, no double, no request lost that could be served.
 *
 *     npm run bench -- crash [--containers process|docker] [--seeds N] [--from SEED] [--lanes N] [--trail] [--log FILE] [--json]
 *
 * Needs HAProxy; root and dockerd for `docker` (a daemon of its own is started). Ends with 1 if anything was wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestEngine } from '../../server/src/container/docker/testdata/test-engine.ts'
import { freePorts } from '../free-ports.ts'
import { dockerGround, type Ground, processGround } from './ground.ts'
import { type Account, live } from './life.ts'
import { openServer } from './server.ts'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { containers: { type: 'string', default: 'process' }, seeds: { type: 'string', default: '20' }, from: { type: 'string', default: '1' }, lanes: { type: 'string', default: '1' }, trail: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, log: { type: 'string' } } })
  const say = (line: string) => { if (values.json) console.error(line); else console.log(line) }
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.from) + index)
  const accounts = await liveAll({ containers: values.containers === 'docker' ? 'docker' : 'process', seeds, lanes: Number(values.lanes), tell: account => say(told(account, values.trail)), ...(values.log === undefined ? {} : { log: values.log }) })
  const sum = (of: (account: Account) => number) => accounts.reduce((total, account) => total + of(account), 0)
  const result = {
    containers: values.containers, seeds: accounts.length, kills: sum(({ kills }) => kills), requests: sum(({ requests }) => requests), wrong: accounts.filter(({ wrong }) => wrong.length > 0).map(({ seed }) => seed),
    failed_under_way_at_a_kill: sum(({ underWay }) => underWay), failed_while_nobody_was_there: sum(({ nobody }) => nobody), failed_while_those_there_left: sum(({ leaving }) => leaving),
  }
  if (values.json) console.log(JSON.stringify(result))
  else say(`${result.seeds} lives with ${result.kills} kills and ${result.requests} requests: ${result.wrong.length === 0 ? 'nothing was wrong' : `something was wrong with ${result.wrong.join(', ')}`}; ${result.failed_under_way_at_a_kill} requests failed with what was killed, ${result.failed_while_nobody_was_there} while nobody was there, ${result.failed_while_those_there_left} while those that were there left`)
  if (result.wrong.length > 0) process.exitCode = 1
}

export interface Lives {
  readonly containers: 'process' | 'docker'
  readonly seeds: readonly number[]
  /** So many at the same time; one if not given. */
  readonly lanes?: number
  readonly tell?: (account: Account) => void
  /** File for what the server says. */
  readonly log?: string
}

/** One installation lives through all of them. */
export async function liveAll({ containers, seeds, lanes = 1, tell = () => {}, log }: Lives): Promise<readonly Account[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-crash-'))
  await using ending = new AsyncDisposableStack()
  ending.defer(() => rmSync(directory, { recursive: true, force: true }))
  let ground: Ground = processGround(join(directory, 'data'))
  if (containers === 'docker') {
    const engine = await startTestEngine()
    ending.defer(() => engine.stop())
    ground = ending.use(await dockerGround(engine))
  }
  const server = await openServer(directory, ground.flags, log ?? join(directory, 'server.log'))
  ending.defer(() => server.stop())
  const gateways = await freePorts(lanes)
  server.start()
  const [accounts, waiting]: [Account[], number[]] = [[], [...seeds]]
  await Promise.all(gateways.map(async gateway => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const account = await live({ seed, ground, server, gateway })
      accounts.push(account)
      tell(account)
    }
  }))
  return accounts
}

function told({ seed, requests, kills, underWay, nobody, leaving, wrong, trail }: Account, always: boolean): string {
  const head = `${seed}: ${requests} requests, ${kills} kills, ${underWay} failed with what was killed, ${nobody} while nobody was there, ${leaving} while those there left${wrong.length === 0 ? '' : `; ${wrong.length} WRONG`}`
  return [head, ...wrong.slice(0, 10).map(what => `  ${what}`), ...(always || wrong.length > 0 ? trail.map(what => `    ${what}`) : [])].join('\n')
}
