/** HAProxy for the demonstration: used if it is there, installed if that is allowed, done without otherwise. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export function findProgram(name: string, path: string): string | undefined {
  return [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin'].map(folder => join(folder, name)).find(file => existsSync(file))
}

/** True if HAProxy can be used afterwards. Says in one line what it did. */
export function ensureHaproxy(path: string, say: (line: string) => void): boolean {
  if (findProgram('haproxy', path)) return true
  const apt = findProgram('apt-get', path)
  if (!apt || process.getuid?.() !== 0) {
    say('HAProxy is not installed and this user may not install it: the embedded proxy does the routing.')
    return false
  }
  say('HAProxy is not installed: installing it with apt-get …')
  const run = (...args: string[]) => spawnSync(apt, args, { stdio: 'ignore', env: { PATH: path, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0
  if (run('update', '-qq') && run('install', '-y', '-qq', '--no-install-recommends', 'haproxy') && findProgram('haproxy', path)) return true
  say('apt-get could not install HAProxy: the embedded proxy does the routing.')
  return false
}
