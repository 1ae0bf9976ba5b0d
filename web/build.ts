/** `node web/build.ts`: the pages that the server serves, into `web/dist`. Nothing is fetched. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

const DIST = join(import.meta.dirname, 'dist')
/** What comes before anything is seen, and everything that may come later. */
const FIRST_BYTES_MAX = 350 * 1024
const SCRIPT_BYTES_MAX = 700 * 1024

export interface Built {
  readonly directory: string
  /** Of the scripts that the first page loads, as they travel. */
  readonly firstBytes: number
  /** Of all scripts. */
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
  const page = readFileSync(join(DIST, 'index.html'), 'utf8')
  const sizes = readdirSync(assets).filter(name => name.endsWith('.js')).map(name => ({ first: page.includes(name), bytes: gzipSync(readFileSync(join(assets, name))).length }))
  const [firstBytes, scriptBytes] = [sizes.filter(({ first }) => first), sizes].map(files => files.reduce((sum, { bytes }) => sum + bytes, 0)) as [number, number]
  if (firstBytes > FIRST_BYTES_MAX) throw new Error(`The scripts of the first page take ${firstBytes} bytes compressed, more than ${FIRST_BYTES_MAX}.`)
  if (scriptBytes > SCRIPT_BYTES_MAX) throw new Error(`The scripts take ${scriptBytes} bytes compressed, more than ${SCRIPT_BYTES_MAX}.`)
  return { directory: DIST, firstBytes, scriptBytes }
}

if (import.meta.main) {
  const { directory, firstBytes, scriptBytes } = await buildWeb()
  console.log(`${directory}: ${Math.round(firstBytes / 1024)} KiB of scripts at first, ${Math.round(scriptBytes / 1024)} KiB in all, compressed`)
}
