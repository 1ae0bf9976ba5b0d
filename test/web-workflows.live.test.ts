/** Workflows in front of people: a script is written with completion, tried, kept, and its runs are looked at. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_BROWSER, openStage, type Stage } from '../web/testdata/stage.ts'

const PATIENCE_MS = 20_000

describe.skipIf(NO_BROWSER)('the pages of workflows', () => {
  let stage: Stage
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    stage = await openStage()
    page = await stage.browser.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('pageerror', error => complaints.push(error.message))
  })
  afterAll(async () => { await stage?.[Symbol.asyncDispose]() })

  const write = async (text: string) => {
    const editor = page.getByRole('textbox', { name: 'Script' })
    await editor.click()
    await page.keyboard.press('Control+A')
    await page.keyboard.insertText(text)
  }

  test('what scripts can do is offered while one is written', async () => {
    await page.goto(`${stage.url}/workflows/new`)
    await write('')
    await page.keyboard.type('vamp.gate')
    await page.getByText('ways to it').waitFor()
    await page.keyboard.press('Escape')
  })

  test('a script is tried, and what it prints is seen', async () => {
    await write('import { vamp } from "@vamp/client/workflow"\nvamp.log("I was here")\nexport default 42\n')
    await page.getByRole('button', { name: 'Try it', exact: true }).click()
    await page.getByText('I was here').waitFor()
    await page.getByText('succeeded').waitFor()
  })

  test('it is kept, runs, and its history and log are shown', async () => {
    await page.getByLabel('Name', { exact: true }).fill('here')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByRole('heading', { name: 'here', level: 1 }).waitFor()
    await page.getByRole('cell', { name: 'daemon' }).first().waitFor()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('cell', { name: 'local' }).first().waitFor()
    await page.getByRole('region', { name: 'Runs, newest first' }).getByRole('link').first().click()
    await page.getByText('What it printed').waitFor()
    await page.getByText('I was here').waitFor()
  })

  test('it is suspended and ended by buttons', async () => {
    await page.goto(`${stage.url}/workflows/here`)
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText('suspended', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'End it' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
    await page.goto(`${stage.url}/workflows`)
    await page.getByText('There is no workflow yet.').waitFor()
    expect(complaints).toEqual([])
  })
})
