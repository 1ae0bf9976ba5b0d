/** What is scaled: a small service that says which instance of it answers; as processes, and as containers of a Docker engine of its own. */
import type { IncomingMessage } from 'node:http'
import { HOST_PATHS, IMAGE, startTestEngine } from '../../server/src/container/docker/testdata/test-engine.ts'
import { openDockerClient } from '../../server/src/container/docker/docker-client.ts'
import { type Bare, bareProcesses } from '../deploy/bare.ts'
import { answers } from '../deploy/visitor.ts'

const NODE = 'require("http").createServer((q, a) => setTimeout(() => { a.setHeader("x-instance", process.env.VAMP_INSTANCE); a.end() }, 20)).listen(process.env.PORT, "127.0.0.1")'
const PERL = '/usr/bin/perl -MIO::Socket::INET -e \'$SIG{TERM} = sub { exit 0 }; my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 50, ReuseAddr => 1) or die; while (my $c = $s->accept) { my $l = <$c>; print $c "HTTP/1.0 200 OK\\r\\nX-Instance: $ENV{VAMP_INSTANCE}\\r\\n\\r\\nok"; close $c }\''
const CONTAINER = { Image: IMAGE, Cmd: ['/bin/sh', '-c', `exec ${PERL}`], HostConfig: { NetworkMode: 'host', Binds: HOST_PATHS.map(path => `${path}:${path}:ro`) } }

export interface Station {
  readonly of: 'processes' | 'containers'
  readonly flags: readonly string[]
  readonly deployable: object
  readonly dialects: object
  stop(): Promise<void>
}

export const processes: Station = { of: 'processes', flags: ['--containers', 'process'], deployable: { type: 'process', definition: `${process.execPath} -e '${NODE}'` }, dialects: {}, stop: async () => {} }

/** The same program, started by nothing but a loop. */
export const bareStations = (): Bare => bareProcesses([process.execPath, '-e', NODE])

export async function containers(): Promise<Station & { readonly host: string }> {
  const engine = await startTestEngine()
  return {
    of: 'containers', host: engine.host, flags: ['--containers', 'docker', '--docker', engine.host, '--docker-network', 'host'],
    deployable: { type: 'docker', definition: IMAGE }, dialects: { docker: { Cmd: CONTAINER.Cmd, HostConfig: { Binds: CONTAINER.HostConfig.Binds } } }, stop: () => engine.stop(),
  }
}

const FIRST_PORT = 31_000

/** Milliseconds in which nothing but the engine stops some containers and starts as many others until they answer; median of the rounds. */
export async function bareSwap(host: string, count: number, rounds: number): Promise<number> {
  await using client = await openDockerClient({ host })
  const start = async (port: number) => {
    const { value: { Id } } = await client.call<{ Id: string }>('POST', '/containers/create', { body: { ...CONTAINER, Env: [`PORT=${port}`, `VAMP_INSTANCE=${port}`] } })
    await client.call('POST', `/containers/${Id}/start`)
    await answers(port)
    return Id
  }
  const ports = (round: number) => Array.from({ length: count }, (_, index) => FIRST_PORT + round * count + index)
  let running = await Promise.all(ports(0).map(start))
  const times: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const began = performance.now()
    const gone = running
    await Promise.all(gone.map(id => client.call('POST', `/containers/${id}/stop`, { query: { t: 5 } })))
    running = await Promise.all(ports(round).map(start))
    times.push(performance.now() - began)
    await Promise.all(gone.map(id => client.call('DELETE', `/containers/${id}`, { query: { force: true } })))
  }
  await Promise.all(running.map(id => client.call('DELETE', `/containers/${id}`, { query: { force: true } })))
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

/** Which instance answered. */
export const instanceOf = ({ headers }: IncomingMessage): string => String(headers['x-instance'] ?? 'none')
