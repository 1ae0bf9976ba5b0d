/** A PostgreSQL of our own in a temporary directory, for tests and measurements: its own user, its own socket, no port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface PostgresCluster extends AsyncDisposable {
  /** A new, empty database. */
  create(): string
  /** Ends it without a farewell, and starts it again on the same data, after a while. */
  crash(awayMs?: number): Promise<void>
}

/** The directory of the newest one that is installed. */
export function postgresBinaries(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin/postgres').map(file => file.slice(0, -'/postgres'.length)).sort((a, b) => version(b) - version(a))[0]
}

const version = (path: string) => Number(/postgresql\/(\d+)/.exec(path)?.[1] ?? 0)

export async function startPostgres(): Promise<PostgresCluster> {
  const binaries = postgresBinaries()
  if (!binaries) throw new Error('PostgreSQL is not installed')
  // Short: the path of a socket has little more than a hundred characters.
  const directory = mkdtempSync('/tmp/vamp-pg-')
  const identity = unprivileged()
  const data = join(directory, 'data')
  mkdirSync(data)
  for (const path of [directory, data]) { if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid ?? identity.uid); chmodSync(path, 0o700) }
  const run = (program: string, ...args: string[]) => execFileSync(join(binaries, program), args, { ...identity, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env: { LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] } }).toString()
  run('initdb', '-D', data, '-U', 'vamp', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions')

  let server: ChildProcess
  const start = async () => {
    server = spawn(join(binaries, 'postgres'), ['-D', data, '-k', directory, '-c', 'listen_addresses=', '-c', 'shared_buffers=16MB', '-c', 'fsync=off', '-c', 'max_connections=60'], { ...identity, cwd: directory, stdio: 'ignore' })
    for (let tries = 0; ; tries++) {
      try { psql('select 1', 'postgres'); return } catch (error) {
        if (tries > 300 || server.exitCode !== null) throw error
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
  }
  const stop = async (signal: 'SIGINT' | 'SIGQUIT') => {
    const ended = new Promise(resolve => server.once('exit', resolve))
    if (server.exitCode === null && server.kill(signal)) await ended
  }
  const psql = (statement: string, database: string) => run('psql', '-h', directory, '-U', 'vamp', '-X', '-q', '-c', statement, database)

  let databases = 0
  await start()
  return {
    create() {
      const name = `test_${++databases}`
      psql(`create database ${name}`, 'postgres')
      return `postgres://vamp@/${name}?host=${encodeURIComponent(directory)}`
    },
    async crash(awayMs = 0) {
      await stop('SIGQUIT')
      await new Promise(resolve => setTimeout(resolve, awayMs))
      await start()
    },
    async [Symbol.asyncDispose]() { await stop('SIGINT'); rmSync(directory, { recursive: true, force: true }) },
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']).toString())
  return { uid: id('-u'), gid: id('-g') }
}
