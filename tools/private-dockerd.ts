/**
 * A Docker daemon of one's own, for tests and measurements: everything of it is in one directory, and it goes with it.
 * Started by hand it prints its address and runs until it is interrupted: `node tools/private-dockerd.ts DIRECTORY`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_MS_MAX = 60_000
const STOP_MS_MAX = 30_000

export interface PrivateDockerd {
  readonly socket: string
  /** Kills the daemon as a crash would, and starts it again on the same data. */
  restart(): Promise<void>
  /** Ends the daemon and removes what it kept. */
  stop(): Promise<void>
}

/** What keeps a daemon from running here, or nothing. */
export function whyNoDockerd(): string | undefined {
  if (process.platform !== 'linux') return 'Docker daemons run on Linux'
  if (process.getuid?.() !== 0) return 'a Docker daemon needs root'
  if (!existsSync('/usr/sbin/dockerd') && !existsSync('/usr/bin/dockerd')) return 'dockerd is not installed (apt-get install docker.io)'
  return undefined
}

/** `inside`: the words that it is started by, where it is to be on a machine of its own, as `nsenter --net …` enters one. */
export async function startPrivateDockerd(directory: string, inside: readonly string[] = []): Promise<PrivateDockerd> {
  mkdirSync(directory, { recursive: true })
  const socket = join(resolve(directory), 'docker.sock')
  let daemon = await start(directory, socket, inside)
  return {
    socket,
    async restart() {
      await end(daemon, 'SIGKILL')
      endContainerd(directory)
      daemon = await start(directory, socket, inside)
    },
    async stop() {
      await end(daemon, 'SIGTERM')
      endContainerd(directory)
      endShims(resolve(directory))
      unmountBelow(resolve(directory))
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

/** The storage driver is the daemon's choice: `vfs`, which works everywhere, would copy the whole image for every container. */
async function start(directory: string, socket: string, inside: readonly string[]): Promise<ChildProcess> {
  const log = createWriteStream(join(directory, 'dockerd.log'), { flags: 'a' })
  await once(log, 'open')
  const [program = 'dockerd', ...words] = [...inside, 'dockerd']
  const daemon = spawn(program, [
    ...words, '--data-root', join(directory, 'data'), '--exec-root', join(directory, 'run'), '--pidfile', join(directory, 'dockerd.pid'),
    '--host', `unix://${socket}`, '--iptables=false', '--ip6tables=false', '--bip', '172.29.0.1/16',
  ], { stdio: ['ignore', log, log], detached: true })
  for (let waited = 0; waited < START_MS_MAX; waited += 100) {
    if (await answers(socket)) return daemon
    if (daemon.exitCode !== null) break
    await sleep(100)
  }
  await end(daemon, 'SIGKILL')
  throw new Error(`dockerd does not start: ${readFileSync(join(directory, 'dockerd.log'), 'utf8').split('\n').slice(-5).join('\n')}`)
}

function answers(socket: string): Promise<boolean> {
  return new Promise(done => {
    const client = connect(socket)
    client.once('error', () => done(false))
    client.once('connect', () => { client.end('GET /_ping HTTP/1.0\r\n\r\n') })
    client.once('data', data => { client.destroy(); done(data.toString().includes(' 200 ')) })
    client.once('end', () => done(false))
  })
}

async function end(daemon: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const ended = once(daemon, 'exit')
  daemon.kill(signal)
  const timeout = setTimeout(() => daemon.kill('SIGKILL'), STOP_MS_MAX)
  await ended
  clearTimeout(timeout)
}

/** A killed daemon leaves its containerd behind; the next one starts its own. */
function endContainerd(directory: string): void {
  const file = join(directory, 'run', 'containerd', 'containerd.pid')
  if (!existsSync(file)) return
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL')
  } catch {
    // It ended with its daemon.
  }
  // A killed process that nobody waits for looks alive to the next daemon.
  rmSync(file)
}

/** One that was about to start a container when its daemon was killed belongs to nobody any more. */
function endShims(directory: string): void {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(join(directory, 'run', 'containerd', 'containerd.sock'))) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}

/** A killed daemon leaves its mounts, too. */
function unmountBelow(directory: string): void {
  const points = readFileSync('/proc/mounts', 'utf8').split('\n').flatMap(line => line.split(' ')[1] ?? []).filter(point => point.startsWith(`${directory}/`))
  for (const point of points.toReversed()) spawnSync('umount', ['-l', point])
}

if (import.meta.main) {
  const dockerd = await startPrivateDockerd(process.argv[2] ?? '/tmp/vamp-dockerd')
  console.log(`unix://${dockerd.socket}`)
  process.once('SIGINT', () => { void dockerd.stop() })
  process.once('SIGTERM', () => { void dockerd.stop() })
}
