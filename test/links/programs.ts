/** Real key-value stores for tests, each with its files in a directory of its own; killed like anything else, and started again on the same files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Program {
  /** What `--gateway-store` is told. */
  readonly address: string
  /** `kill -9` */
  die(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

export const hasEtcd = existsSync('/usr/bin/etcd')
export const hasZookeeper = existsSync('/usr/share/java/zookeeper.jar') && existsSync('/usr/bin/java')

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  return port
}

export async function startEtcd(): Promise<Program> {
  const [port, peer] = [await freePort(), await freePort()]
  const [client, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peer}`]
  return run(`etcd://127.0.0.1:${port}/vamp`, port, directory => ['etcd', '--data-dir', join(directory, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`, '--logger', 'zap', '--log-level', 'error'])
}

export async function startZookeeper(): Promise<Program> {
  const port = await freePort()
  return run(`zookeeper://127.0.0.1:${port}/vamp`, port, directory => {
    const file = join(directory, 'zoo.cfg')
    writeFileSync(file, `tickTime=500\ndataDir=${join(directory, 'data')}\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`)
    return ['java', '-Xmx128m', '-cp', '/usr/share/java/zookeeper.jar', '-Dzookeeper.jmx.log4j.disable=true', 'org.apache.zookeeper.server.quorum.QuorumPeerMain', file]
  })
}

async function run(address: string, port: number, command: (directory: string) => readonly string[]): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-key-value-'))
  let child: ChildProcess | undefined
  const start = async () => {
    const [program = '', ...args] = command(directory)
    child = spawn(program, args, { stdio: 'ignore' })
    for (let tries = 0; !await answers(port); tries++) {
      if (child.exitCode !== null || tries > 300) throw new Error(`${program} does not start`)
      await sleep(100)
    }
  }
  const die = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return { address, die, comeBack: start, async close() { await die(); rmSync(directory, { recursive: true, force: true }) } }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}
