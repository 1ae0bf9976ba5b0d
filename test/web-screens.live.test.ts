/** Every screen in every look: what assistive technology needs is there, nothing is wider than the screen, nothing breaks. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open, screens, SIZES } from '../web/testdata/screens.ts'
import { furnish, type Furnished, NO_BROWSER, openStage, type Stage } from '../web/testdata/stage.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Of the four the two that differ in everything. */
const LOOKS = [{ colorScheme: 'light', size: 'desktop' }, { colorScheme: 'dark', size: 'phone' }] as const

describe.skipIf(NO_BROWSER)('every screen', () => {
  let stage: Stage
  let furnished: Furnished
  beforeAll(async () => { stage = await openStage(); furnished = await furnish(stage) }, 180_000)
  afterAll(async () => { await stage?.[Symbol.asyncDispose]() })

  test.each(LOOKS)('can be used by everybody: $colorScheme, $size', async ({ colorScheme, size }) => {
    const context = await stage.browser.newContext({ viewport: SIZES[size], colorScheme })
    const page = await context.newPage()
    const wrong: string[] = []
    let where = ''
    page.on('pageerror', error => wrong.push(`${where}: ${error.message}`))
    page.on('console', message => { if (/Content Security Policy|violates/.test(message.text())) wrong.push(`${where}: ${message.text()}`) })

    for (const [name, path] of Object.entries(screens(furnished))) {
      where = name
      await open(page, stage.url + path)
      await page.evaluate(AXE)
      const { violations } = await page.evaluate('axe.run({ resultTypes: ["violations"] })') as AxeResults
      for (const { id, impact, nodes } of violations) if (impact === 'serious' || impact === 'critical') wrong.push(`${name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
      if (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) wrong.push(`${name}: wider than the screen`)
    }

    await context.close()
    expect(wrong).toEqual([])
  }, 300_000)
})
