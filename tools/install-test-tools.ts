/**
 * Programs that the live tests start, through Debian's package manager where it may be used. What cannot be installed is said in
 * one line; the tests that need it skip with their reason.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

const PROGRAMS: Readonly<Record<string, () => boolean>> = {
  haproxy: () => onPath('haproxy'),
  postgresql: () => globSync('/usr/lib/postgresql/*/bin/initdb').length > 0 || onPath('initdb'),
  'docker.io': () => onPath('dockerd'),
  chromium: () => onPath('chromium'),
  prometheus: () => onPath('prometheus'),
  'etcd-server': () => onPath('etcd'),
  zookeeper: () => existsSync('/usr/share/java/zookeeper.jar'),
  'default-jre-headless': () => onPath('java'),
}

/** Debian package names. Prints one line for each; never throws. Returns those that are there in the end. */
export function ensureTools(packages: readonly string[]): readonly string[] {
  const missing = packages.filter(name => !present(name))
  if (missing.length > 0 && mayInstall()) install(missing)
  for (const name of packages) console.log(line(name, missing.includes(name)))
  return packages.filter(present)
}

function present(name: string): boolean {
  return PROGRAMS[name]?.() ?? onPath(name)
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin').some(directory => directory !== '' && existsSync(join(directory, program)))
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && onPath('apt-get')
}

function line(name: string, wasMissing: boolean): string {
  if (present(name)) return `${name}: ${wasMissing ? 'installed' : 'there'}`
  return `${name}: missing, its tests are skipped (${mayInstall() ? 'apt-get could not install it' : `install it with: apt-get install ${name}`})`
}

function install(packages: readonly string[]): void {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // A package is not to start a service of its own: the tests start what they need.
  const apt = (...args: string[]) => spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', '-qq', ...args], { env: { ...environment, RUNLEVEL: '1' }, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  if (apt('install', '-y', '--no-install-recommends', ...packages)) return
  apt('update')
  apt('install', '-y', '--no-install-recommends', ...packages)
}
