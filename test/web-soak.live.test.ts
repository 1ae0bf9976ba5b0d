/** The page of a release while sixty events a second tell of it: what lives does not grow. `npm run bench -- ui` does it for longer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alive, slopeOf, tellEvidence } from '../web/testdata/soak.ts'
import { NO_BROWSER, openStage, type Stage, until } from '../web/testdata/stage.ts'

const RATE = 60
/** By then the page remembers as much as it ever does: an hour of seconds, at this rate. */
const FULL_MS = 66_000
const LOOKS = 12
const LOOK_MS = 4500

describe.skipIf(NO_BROWSER)('a page that is looked at for long', () => {
  let stage: Stage
  beforeAll(async () => { stage = await openStage(['--containers', 'memory', '--gateway', 'memory']) })
  afterAll(async () => { await stage?.[Symbol.asyncDispose]() })

  test('takes no more memory after thousands of events than after the first ones, and shows the newest', async () => {
    await stage.apply('examples/shop/1-shop.yml')
    await stage.apply('examples/shop/2-release-1.1.yml')
    const page = await stage.browser.newPage()
    await until('the release is there', async () => (await fetch(`${stage.url}/api/v1/releases/shop-web-1.1/status`)).ok)
    await page.goto(`${stage.url}/releases/shop-web-1.1`)
    await page.getByRole('region', { name: 'Verdict' }).waitFor()
    const session = await page.context().newCDPSession(page)
    let [told, over] = [0, false]
    const telling = tellEvidence(stage, { release: 'shop-web-1.1', rate: RATE }, () => over, count => { told += count })

    await page.waitForTimeout(FULL_MS)
    const seen = []
    for (let look = 0; look < LOOKS; look++) {
      seen.push(await alive(session))
      await page.waitForTimeout(LOOK_MS)
    }
    over = true
    await telling

    const growth = slopeOf(seen.map(({ heap }) => heap)) * LOOKS
    expect(told).toBeGreaterThan(3600)
    // A leak of a kilobyte for each event would be 3 MB here.
    expect(growth, JSON.stringify(seen)).toBeLessThan(1)
    const [first, last] = [seen[0], seen.at(-1)]
    expect(last?.nodes, JSON.stringify(seen)).toBeLessThan((first?.nodes ?? 0) * 1.5)
    expect(last?.listeners, JSON.stringify(seen)).toBeLessThan((first?.listeners ?? 0) * 1.5)
    await page.getByText('● live').waitFor()
  }, 240_000)
})
