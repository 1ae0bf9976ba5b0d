/** The pages of the server are built once; the demonstration does it if nobody has. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const BUILD_MS_MAX = 60_000

/** A story can be told without pictures: a build that fails is told and no more. */
export function ensurePages(root: string, say: (line: string) => void): void {
  if (existsSync(join(root, 'web/dist/index.html'))) return
  say('Building the pages …')
  const { status } = spawnSync(process.execPath, [join(root, 'web/build.ts')], { cwd: root, stdio: 'ignore', timeout: BUILD_MS_MAX })
  if (status !== 0) say('The pages could not be built (npm run build tells why); the API works without them.')
}
