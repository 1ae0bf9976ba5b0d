import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { silent } from '../base/log.ts'
import { linkPair } from './in-process.ts'
import { withTableFile } from './table-file.ts'

test('the confirmed table is on disk, and again where somebody has taken it away', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-table-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'data', 'table.json')
  const pair = linkPair()
  const link = await withTableFile(pair.link, file, silent)
  link.onTable(() => {})
  const report = (acknowledged: number) => link.report({ agent: 'a', driver: 'memory', acknowledged, shares: [], reloads: 0, endpoints: [] })
  const kept = () => JSON.parse(readFileSync(file, 'utf8')) as unknown

  pair.publish({ revision: 3, gateways: [] })
  report(2)
  report(3)
  await vi.waitFor(() => expect(kept()).toEqual({ revision: 3, gateways: [] }))
  rmSync(directory, { recursive: true })
  report(2)
  expect(existsSync(file)).toBe(false)
  report(3)

  await vi.waitFor(() => expect(kept()).toEqual({ revision: 3, gateways: [] }))
})
