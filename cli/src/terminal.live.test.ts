/** Live views on a real terminal: what is shown is shown once, in place, as wide as the window, with colours; and Ctrl-C ends it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReleasePhase } from '@vamp/model/release-status'
import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../bin/vamp.mjs')
const [COLUMNS, ROWS] = [90, 30]
const LOOKS_MAX = 150

const NO_TMUX = (() => { try { execFileSync('tmux', ['-V']); return false } catch { return true } })()

describe.skipIf(NO_TMUX)('a terminal', () => {
  let server: TestServer
  let directory = ''
  const tmux = (...words: readonly string[]) => execFileSync('tmux', ['-S', join(directory, 'tmux'), ...words]).toString()
  const screen = (...flags: readonly string[]) => tmux('capture-pane', '-p', ...flags)

  beforeEach(async () => {
    server = await testServer()
    directory = mkdtempSync(join(tmpdir(), 'vamp-terminal-'))
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), 'bash --norc')
  })
  afterEach(async () => {
    tmux('kill-server')
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  function type(words: string): void {
    tmux('send-keys', `clear; ${process.execPath} ${MAIN} --host ${server.url} ${words}; echo "it ended with $?"`, 'Enter')
  }

  async function shows(text: RegExp): Promise<string> {
    for (let look = 0; look < LOOKS_MAX; look++) {
      const shown = screen()
      if (text.test(shown)) return shown
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    throw new Error(`never ${text} in\n${screen()}`)
  }

  const put = (phase: ReleasePhase, weight: number, sentence: string) => server.store.put('release-statuses', 'shop-web-1.1', {
    name: 'shop-web-1.1', deployment: 'shop', cluster: 'web', from: 'web:1.0', to: 'web:1.1', phase, since: new Date().toISOString(), weight, sentence, next: '', evidence: [], harm: 1, requests: { baseline: 100, canary: 10 }, failed: { baseline: 0, canary: 0 }, excess: 0, budget: { spent: 0, total: 200 }, judged_until: 0, judge: null,
  })

  test('a release that is watched is drawn in place until it is over; its end is the exit code', async () => {
    await put('ramping', 5, 'No sign of harm.')
    type('release status shop-web-1.1 --watch')
    await shows(/No sign of harm/)

    await put('ramping', 25, 'Still no sign of harm.')
    const later = await shows(/Still no sign/)
    expect(later).not.toContain('No sign of harm.')
    expect(later.match(/web:1\.0 → web:1\.1|shop-web-1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(2)
    expect(screen('-e')).toContain('\u001b[')
    for (const line of later.split('\n')) expect(line.length).toBeLessThanOrEqual(COLUMNS)

    await put('rolled_back', 0, 'Rolled back after 9 s.')
    expect(await shows(/it ended with 1/)).toContain('Rolled back after 9 s.')
  })

  test('the only release that is under way need not be named', async () => {
    await put('ramping', 5, 'No sign of harm.')
    type('release status --watch')

    expect(await shows(/No sign of harm/)).toMatch(/traffic .* 5% to web:1\.1/)
  })

  test('what is higher than the terminal is cut, and still drawn in place', async () => {
    tmux('resize-window', '-x', String(COLUMNS), '-y', '6')
    await put('ramping', 5, 'No sign of harm.')
    type('release status shop-web-1.1 --watch')
    await shows(/… \d+ more lines/)

    await put('ramping', 25, 'Still no sign of harm.')
    await shows(/Still no sign/)
    expect(screen('-S', '-').match(/shop-web-1\.1 {2}shop\/web/g)).toHaveLength(1)
  })

  test.each([['narrower', 58], ['wider', 120]])('a view follows a terminal that becomes %s', async (_, columns) => {
    await put('ramping', 5, 'No sign of harm, and this sentence is so long that it does not fit into one line of a narrow terminal.')
    type('release status shop-web-1.1 --watch')
    await shows(/No sign of harm/)
    tmux('resize-window', '-x', String(columns), '-y', String(ROWS))

    await put('ramping', 25, 'Still no sign of harm, and this sentence is so long that it does not fit into one line of a narrow terminal.')
    const later = await shows(/Still no sign/)

    expect(later.match(/shop-web-1\.1 {2}shop\/web/g)).toHaveLength(1)
    const longest = Math.max(...later.split('\n').filter(line => !line.includes('clear;')).map(line => line.length))
    expect(longest).toBeLessThanOrEqual(columns)
    // What was written for the width of before would be broken within a word.
    expect(later).toMatch(/(?:^|\s)terminal\.(?:\s|$)/)
    if (columns > COLUMNS) expect(longest).toBeGreaterThan(COLUMNS)
  })

  test('a list that is watched goes on until Ctrl-C', async () => {
    type('get breeds --watch')
    await shows(/There are no breeds/)

    await server.ask('/breeds', { method: 'POST', body: 'name: web:1.0\ndeployable: { type: process, definition: node x }\n' })
    expect(await shows(/web:1\.0/)).not.toContain('There are no breeds')
    tmux('send-keys', 'C-c')
    await shows(/it ended with 1?3?0/)
  })
})
