/** Who listens on a port of this host, read from `/proc`. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename } from 'node:path'

/** Can nobody else but us take the port? Binds it for a moment. */
export function portIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', error => 'code' in error && error.code === 'EADDRINUSE' ? resolve(false) : reject(error))
    server.listen({ host: address === '*' || address === '' ? '0.0.0.0' : address, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

export interface Holder {
  /** `node server.js (process 4711)`, or that it is ourselves. */
  readonly text: string
  readonly pid: number
  readonly parent: number
}

/** Who listens on the port; undefined if it cannot be seen (another user's process). */
export async function portHolder(port: number): Promise<Holder | undefined> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of (await readFile(table, 'latin1').catch(() => '')).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const LISTENING = '0A'
      if (fields[3] === LISTENING && Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port && fields[9]) inodes.add(`socket:[${fields[9]}]`)
    }
  if (inodes.size === 0) return undefined
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      if (!inodes.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) continue
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return { text: Number(pid) === process.pid ? 'Vamp itself' : `${await programOf(pid)} (process ${pid})`, pid: Number(pid), parent }
    }
  }
  return undefined
}

/** What was started, and the script where it is one that an interpreter runs: threads give themselves names that nobody knows. */
async function programOf(pid: string): Promise<string> {
  const [program = '', ...words] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  const script = words.find(word => /\.([cm]?[jt]s|py|rb|jar)$/.test(word))
  return [program, script ?? ''].filter(Boolean).map(path => basename(path)).join(' ') || 'a process'
}
