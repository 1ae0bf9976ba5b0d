/** `node web/build.ts`: the pages that the server serves, into `web/dist`. Nothing is fetched. */
import { gzipSync } from 'node:zlib'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const DIST = join(import.meta.dirname, 'dist')
const SCRIPT_BYTES_MAX = 350 * 1024

export interface Built {
  readonly directory: string
  /** Of all scripts, as they travel. */
  readonly scriptBytes: number
}

/** Throws if the pages cannot be built or their scripts have become too large. */
export async function buildWeb(): Promise<Built> {
  await build({ configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'warn' })
  const assets = join(DIST, 'assets')
  const scriptBytes = readdirSync(assets).filter(name => name.endsWith('.js')).reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0)
  if (scriptBytes > SCRIPT_BYTES_MAX) throw new Error(`The scripts take ${scriptBytes} bytes compressed, more than ${SCRIPT_BYTES_MAX}.`)
  return { directory: DIST, scriptBytes }
}

if (import.meta.main) {
  const { directory, scriptBytes } = await buildWeb()
  console.log(`${directory}: ${Math.round(scriptBytes / 1024)} KiB of scripts, compressed`)
}
