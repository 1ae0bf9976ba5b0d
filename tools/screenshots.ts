/**
 * `npm run screenshots [-- --out DIRECTORY --whole] [NAME …]`: every screen, or those that are named, in light and dark, on a desktop and a phone,
 * of a real server with a shop, visitors and releases. Those of the docs are renewed as well.
 */
import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { open, screens, SIZES } from '../web/testdata/screens.ts'
import { furnish, openStage } from '../web/testdata/stage.ts'

/** Charts draw what has come since. */
const SETTLE_MS = 1500
const DOCS = join(import.meta.dirname, '../docs/screenshots')
/** Which look of a screen the docs show, by the name they know it by. */
const SHOWN: Readonly<Record<string, string>> = {
  overview: 'overview-light-desktop', release: 'release-light-desktop', gateway: 'gateway-light-desktop', deployment: 'deployment-light-desktop',
  'rolled-back': 'rolled-back-dark-desktop', 'rolled-back-phone': 'rolled-back-light-phone', editor: 'new-artifact-light-desktop', 'new-release': 'new-release-light-desktop',
}
const BYTES_MAX = 180_000

const { values: { out, whole }, positionals } = parseArgs({ options: { out: { type: 'string', default: join(import.meta.dirname, '../web/dist-screenshots') }, whole: { type: 'boolean', default: false } }, allowPositionals: true })
mkdirSync(out, { recursive: true })
await using stage = await openStage()
const all = Object.entries(screens(await furnish(stage))).filter(([name]) => positionals.length === 0 || positionals.includes(name))
for (const [size, viewport] of Object.entries(SIZES))
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await stage.browser.newContext({ viewport, colorScheme })
    const page = await context.newPage()
    for (const [name, path] of all) {
      await open(page, stage.url + path)
      await page.waitForTimeout(SETTLE_MS)
      await page.screenshot({ path: join(out, `${name}-${colorScheme}-${size}.png`), fullPage: whole })
    }
    await context.close()
  }
for (const [name, shown] of Object.entries(SHOWN)) {
  if (whole) break
  if (!all.some(([screen]) => shown.startsWith(`${screen}-l`) || shown.startsWith(`${screen}-d`))) continue
  copyFileSync(join(out, `${shown}.png`), join(DOCS, `${name}.png`))
  const { size } = statSync(join(DOCS, `${name}.png`))
  if (size > BYTES_MAX) throw new Error(`${name}.png takes ${size} bytes, more than ${BYTES_MAX}`)
}
console.log(`${all.length * 4} pictures in ${out}`)
