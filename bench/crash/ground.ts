/** What instances run on, as it looks without the server: who runs, and the means to hurt it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock as clock } from '../../agent/src/base/clock.ts'
import { openDockerClient } from '../../server/src/container/docker/docker-client.ts'
import { LABELS } from '../../server/src/container/docker/labels.ts'
import { HOST_PATHS, IMAGE, type TestEngine } from '../../server/src/container/docker/testdata/test-engine.ts'
import { findByEnvironment, isAlive } from '../../server/src/container/process/proc.ts'

/**
 * Answers with its name, its port and its generation, one request after the other, `/slow` ones a tenth of a second later. It ends
 * at once when it is told to, also in the middle of an answer: whoever stops it too early loses requests.
 */
const PROGRAM = [
  '$SIG{TERM} = sub { exit 0 }; $SIG{PIPE} = "IGNORE"; select undef, undef, undef, $ENV{WARM_UP};',
  'my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 64, ReuseAddr => 1) or die;',
  'while (1) { my $c = $s->accept or next; my $l = <$c>; while (my $h = <$c>) { last if $h eq "\\r\\n" }',
  'select undef, undef, undef, 0.1 if $l =~ /slow/;',
  'print $c "HTTP/1.0 200 OK\\r\\n\\r\\n$ENV{VAMP_INSTANCE} $ENV{PORT} $ENV{GENERATION}"; close $c }',
].join(' ')
const COMMAND = `/usr/bin/perl -MIO::Socket::INET -e '${PROGRAM}'`

export interface Ground {
  readonly name: string
  /** Options of the server. */
  readonly flags: readonly string[]
  readonly deployable: { readonly type: string; readonly definition: string }
  readonly dialects?: object
  /** The instance of each copy that runs, paused or not. */
  running(): Promise<readonly string[]>
  /** What is left of any of them. */
  remains(): Promise<readonly string[]>
  /** Until it is dead. */
  kill(instance: string): Promise<void>
  pause(instance: string): Promise<void>
  resume(instance: string): Promise<void>
  /** What runs them dies and comes back, and they may die with it. False: it was spared. */
  restart?(): Promise<boolean>
  /** When it did so, by the monotonic clock; infinite as long as it is not back. */
  readonly outages: readonly { readonly from: number; readonly to: number }[]
}

/** `data`: the server's directory. */
export function processGround(data: string): Ground {
  const marks = [`VAMP_STATE=${join(data, 'containers')}`]
  const leaders = () => findByEnvironment(marks).filter(({ leads }) => leads)
  const nameOf = (pid: number) => /(?:^|\0)VAMP_INSTANCE=([^\0]*)/.exec(environmentOf(pid))?.[1] ?? `process ${pid}`
  const leadersOf = (instance: string) => findByEnvironment([...marks, `VAMP_INSTANCE=${instance}`]).filter(({ leads }) => leads)
  const signal = async (instance: string, what: NodeJS.Signals) => {
    for (const { pid } of leadersOf(instance)) {
      try { process.kill(pid, what) } catch { /* It ended meanwhile. */ }
    }
  }
  return {
    name: 'process', outages: [], flags: ['--containers', 'process'], deployable: { type: 'process', definition: COMMAND },
    running: async () => leaders().map(({ pid }) => nameOf(pid)),
    remains: async () => findByEnvironment(marks).map(({ pid }) => nameOf(pid)),
    async kill(instance) {
      const dying = leadersOf(instance)
      await signal(instance, 'SIGKILL')
      // As long as it has not got the time to die it takes connections.
      while (dying.some(isAlive)) await clock.sleep(5)
    },
    pause: instance => signal(instance, 'SIGSTOP'),
    resume: instance => signal(instance, 'SIGCONT'),
  }
}

function environmentOf(pid: number): string {
  try { return readFileSync(`/proc/${pid}/environ`, 'latin1') } catch { return '' }
}

/** From the return of an engine to its next death, at least. */
const REST_MS = 30_000

interface Listed { readonly Id: string; readonly State: string; readonly Labels: Readonly<Record<string, string>> }

export async function dockerGround(engine: TestEngine): Promise<Ground & AsyncDisposable> {
  const client = await openDockerClient({ host: engine.host })
  const outages: { from: number; to: number }[] = []
  let back = Promise.resolve(true)
  /** It may die while it is asked; who asks gets the answer of the next one. */
  const list = async (): Promise<readonly Listed[]> => {
    await back
    const before = outages.length
    return client.call<readonly Listed[]>('GET', '/containers/json', { query: { all: true } }).then(({ value }) => value, error => { if (outages.length === before) throw error; return list() })
  }
  const restart = async () => {
    // Several lives on one engine must not keep it from ever coming back.
    if (clock.monotonic() - (outages.at(-1)?.to ?? Number.NEGATIVE_INFINITY) < REST_MS) return false
    const outage = { from: clock.monotonic(), to: Number.POSITIVE_INFINITY }
    outages.push(outage)
    await engine.restart()
    outage.to = clock.monotonic()
    return true
  }
  const nameOf = ({ Id, Labels }: Listed) => Labels[LABELS.instance] ?? Id
  const act = async (instance: string, what: string) => {
    for (const container of (await list()).filter(container => nameOf(container) === instance))
      await client.call('POST', `/containers/${container.Id}/${what}`, { accept: [404, 409, 500] }).catch(() => {})
  }
  return {
    name: 'docker', outages, flags: ['--containers', 'docker', '--docker', engine.host, '--docker-network', 'host'], deployable: { type: 'docker', definition: IMAGE },
    dialects: { docker: { Cmd: ['/bin/sh', '-c', `exec ${COMMAND}`], HostConfig: { Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) } } },
    running: async () => (await list()).filter(({ State }) => State === 'running' || State === 'paused').map(nameOf),
    remains: async () => (await list()).map(nameOf),
    kill: instance => act(instance, 'kill'),
    pause: instance => act(instance, 'pause'),
    resume: instance => act(instance, 'unpause'),
    restart() {
      back = back.then(restart)
      return back
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
