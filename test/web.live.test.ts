/** People in front of the pages: a real browser, a real server, real services and visitors. */
import { NO_BROWSER, openStage, type Stage, until, write } from '../web/testdata/stage.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const PATIENCE_MS = 45_000

// Chromium is what draws the pages here; without one there is nothing to look with.
describe.skipIf(NO_BROWSER)('the pages', () => {
  let stage: Stage
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    stage = await openStage()
    page = await stage.browser.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => { if (/Content Security Policy|violates/.test(message.text())) complaints.push(message.text()) })
  })

  afterAll(async () => { await stage?.[Symbol.asyncDispose]() })

  test('a blueprint that is wrong is shown at its line; a right one is planned, applied and seen to run', async () => {
    await page.goto(`${stage.url}/artifacts/blueprints?new=`)
    await write(page, 'kind: blueprint\nname: shop\nclusters:\n  web:\n    servces: []\n')
    await page.getByRole('button', { name: 'line 5, column 5' }).waitFor()

    await write(page, `kind: breed
name: web:1.0
deployable: { type: process, definition: node examples/shop/shop.ts }
ports: { http: 0/http }
environment_variables: { SHOP_VERSION: "1.0" }
health_checks: [{ path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3 }]
---
kind: blueprint
name: shop
gateways: { ${stage.gateway}: web/http }
clusters: { web: { services: [{ breed: web:1.0, scale: { cpu: 0.2, memory: 64MB, instances: 2 } }] } }
`)
    await page.getByRole('listitem').filter({ hasText: 'deployment shop' }).waitFor()
    await page.getByRole('button', { name: 'Apply' }).click()

    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor()
    await page.getByRole('cell', { name: '2 of 2 ready' }).waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByText('2 of 2 ready').first().waitFor()
  })

  test('a release that was begun with the form is rolled back by a button while one watches', async () => {
    stage.visit(40)
    await writeBreed(page, stage, '1.1', '0')
    const verdict = await beginRelease(page, stage, '1.1')
    await verdict.getByText('Ramping').waitFor()

    await page.getByRole('button', { name: 'Roll back' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('changed my mind')
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()

    await verdict.getByText('Rolled back', { exact: true }).waitFor()
    await verdict.getByText('changed my mind').waitFor()
  })

  test('a faulty version is rolled back by its evidence, on the page that is open', async () => {
    await writeBreed(page, stage, '1.2', '0.5')
    const verdict = await beginRelease(page, stage, '1.2')
    await verdict.getByText('Rolled back', { exact: true }).waitFor()
    await verdict.getByText(/The new version failed \d+ of/).waitFor()
    await page.getByRole('row', { name: /errors.*worse/ }).waitFor()
    expect(await page.getByRole('img', { name: /Odds of harm over time/ }).count()).toBe(1)
  })

  test('from a breed that is written to a release that is done, by buttons alone', async () => {
    await writeBreed(page, stage, '1.3', '0')
    const verdict = await beginRelease(page, stage, '1.3')
    await verdict.getByText('Ramping').waitFor()

    await page.getByRole('button', { name: 'Promote' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click()

    await verdict.getByText('Promoted, old one warm').waitFor()
    await page.goto(`${stage.url}/gateways/shop/web/http`)
    await page.getByRole('row', { name: /web:1\.3.*100 %.*100 %/ }).waitFor()
  })

  test('the editor says what may stand next', async () => {
    await page.goto(`${stage.url}/artifacts/releases?new=`)
    await write(page, 'kind: release\nname: x\n')
    await page.getByLabel('YAML').press('Control+End')
    await page.keyboard.type('stra')
    await page.getByRole('option', { name: /^strategy/ }).waitFor()
    // The editor takes no Enter for an answer to what has stood there for a few milliseconds only.
    await page.waitForTimeout(200)
    await page.keyboard.press('Enter')
    await page.keyboard.type('blue')
    await page.getByRole('option', { name: /^blue-green/ }).waitFor()
  })

  test('where a request would go is told before one is sent', async () => {
    await page.goto(`${stage.url}/gateways/shop/${stage.gateway}?path=/checkout`)
    await page.getByLabel('Headers').fill('cookie: beta=1')
    await page.getByText(/shop\/web\/http → .*By weight/).first().waitFor()
    expect(new URL(page.url()).searchParams.get('headers')).toBe('cookie: beta=1')
  })

  test('what one changes with the keyboard and the sliders, another sees', async () => {
    const other = await stage.browser.newPage()
    await other.goto(`${stage.url}/gateways/shop/web/http`)
    await page.goto(`${stage.url}/`)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('gateway shop/web')
    await page.getByRole('option', { name: 'shop/web/http' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByLabel('Who always gets web:1.3').fill('has coookie')
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Who always gets web:1.3').fill('has cookie beta')
    await page.getByRole('button', { name: 'See what will happen' }).click()
    await page.getByText('100 % of those for whom has cookie beta get web:1.3').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Change it' }).click()

    await until('the other page shows it', async () => await other.getByLabel('Who always gets web:1.3').inputValue() === 'has cookie beta')
    await other.close()
  })

  test('each of several changes is seen in another browser within a second of its time: it is told, and does not come by when it asks again', async () => {
    const other = await (await stage.browser.newContext()).newPage()
    // The other's clock stands still, so nothing in it happens by time alone: it asks again by itself every two seconds.
    await other.clock.install()
    await other.goto(`${stage.url}/gateways/shop/web/http`)
    const shown = other.getByLabel('Do visitors stick?')
    await shown.waitFor()
    await other.clock.pauseAt(Date.now() + 60_000)
    await page.goto(`${stage.url}/gateways/shop/web/http`)

    const passed: number[] = []
    for (const sticky of ['route', 'instance', 'none', 'route']) {
      await page.getByLabel('Do visitors stick?').selectOption(sticky)
      await page.getByRole('button', { name: 'See what will happen' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Change it' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      let ms = 0
      for (; await shown.inputValue() !== sticky && ms < 1000; ms += 100) {
        await other.clock.runFor(100)
        await new Promise(resolve => setTimeout(resolve, 500))
      }
      passed.push(ms)
      expect([sticky, await shown.inputValue()]).toEqual([sticky, sticky])
    }

    expect(Math.max(...passed)).toBeLessThan(1000)
    await other.context().close()
  })

  test('what several parts of a page show is asked for once', async () => {
    const asked: { readonly url: string; readonly atMs: number }[] = []
    page.on('request', request => { asked.push({ url: request.url(), atMs: Date.now() }) })
    await page.goto(`${stage.url}/deployments/shop`)
    await page.getByRole('region', { name: /How requests flow/ }).waitFor()
    await page.waitForTimeout(5000)

    const gateways = asked.filter(({ url }) => /\/gateways\?|by=route/.test(url))
    expect(gateways.length).toBeGreaterThan(2)
    expect(gateways.filter(({ url, atMs }, index) => gateways.slice(0, index).some(other => other.url === url && atMs - other.atMs < 150))).toEqual([])
  })

  test('a page that is open says that the server is gone, and goes on when it is back', async () => {
    await page.goto(`${stage.url}/`)
    await page.getByText('2 of 2 ready').first().waitFor()

    await stage.kill()
    await page.getByText(/no data for \d+ s/).first().waitFor()
    await stage.start()

    await page.getByText('● live').waitFor()
    await page.getByText('2 of 2 ready').first().waitFor()
    expect(await page.getByText(/no data for/).count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

/** In the editor, as a person does. */
async function writeBreed(page: Page, { url }: Stage, version: string, errorShare: string): Promise<void> {
  await page.goto(`${url}/artifacts/breeds?new=`)
  await write(page, `kind: breed\nname: web:${version}\ndeployable: { type: process, definition: node examples/shop/shop.ts }\nports: { http: 0/http }\nenvironment_variables: { SHOP_VERSION: "${version}", SHOP_ERROR_SHARE: "${errorShare}" }\nhealth_checks: [{ path: /health, port: http, initial_delay: 0s, interval: 1s, timeout: 2s, failures: 3 }]\n`)
  await page.getByRole('listitem').filter({ hasText: `breed web:${version}` }).waitFor()
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('1 change is made').first().waitFor()
}

async function beginRelease(page: Page, { url }: Stage, version: string): Promise<ReturnType<Page['getByRole']>> {
  await page.goto(`${url}/releases/new?deployment=shop&cluster=web`)
  await page.getByLabel('New version', { exact: true }).selectOption(`web:${version}`)
  await page.getByRole('button', { name: 'Begin', exact: true }).click()
  await page.getByRole('heading', { name: `shop-web-${version}` }).waitFor()
  return page.getByRole('region', { name: 'Verdict' })
}
