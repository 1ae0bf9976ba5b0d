/** What a driver never runs, and what would. */
import type { ContainerDriver } from './container-driver.ts'

/** Where the artifact gives none. */
export const DEFAULT_DEPLOYABLE = 'container/docker'
const IMAGES: ReadonlySet<string> = new Set([DEFAULT_DEPLOYABLE, 'docker'])
const PROGRAMS: ReadonlySet<string> = new Set(['process', 'command', 'cmd'])

/** Why the driver runs no deployable of the type; undefined: it does. */
export function deployableGap({ driver, deployables }: Pick<ContainerDriver, 'driver' | 'deployables'>, type = DEFAULT_DEPLOYABLE): string | undefined {
  if (deployables.includes(type)) return undefined
  const other = IMAGES.has(type) ? 'for images, start the server with vamp up --containers docker'
    : PROGRAMS.has(type) ? 'for programs of this machine, start the server with vamp up --containers process' : undefined
  return `the ${driver} driver does not run “${type}”; it runs ${deployables.join(', ')}${other === undefined ? '' : `; ${other}`}`
}
