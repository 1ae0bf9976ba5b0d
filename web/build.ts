/** `node web/build.ts`: the pages that the server serves, into `web/dist`. Nothing is fetched. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

const DIST = join(import.meta.dirname, 'dist')
const SCRIPT_BYTES_MAX = 350 * 1024

export interface Built {
  readonly directory: string
  /** Of all scripts, as they travel. */
  readonly scriptBytes: number
}

/**
 * In a process of its own: a server that asks for its pages does not keep the tools in memory, and a test's environment does
 * not get into them. Throws if the pages cannot be built or their scripts have become too large.
 */
export async function buildWeb(): Promise<Built> {
  const program = fileURLToPath(new URL('bin/vite.js', import.meta.resolve('vite/package.json')))
  await promisify(execFile)(process.execPath, [program, 'build', import.meta.dirname, '--config', join(import.meta.dirname, 'vite.config.ts'), '--logLevel', 'warn'], { env: { NODE_ENV: 'production' } })
  const assets = join(DIST, 'assets')
  const scriptBytes = readdirSync(assets).filter(name => name.endsWith('.js')).reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0)
  if (scriptBytes > SCRIPT_BYTES_MAX) throw new Error(`The scripts take ${scriptBytes} bytes compressed, more than ${SCRIPT_BYTES_MAX}.`)
  return { directory: DIST, scriptBytes }
}

if (import.meta.main) {
  const { directory, scriptBytes } = await buildWeb()
  console.log(`${directory}: ${Math.round(scriptBytes / 1024)} KiB of scripts, compressed`)
}
