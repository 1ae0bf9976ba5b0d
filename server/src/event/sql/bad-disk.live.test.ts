/** What a disk does that is full, may only be read, or has lost the end of a file: real ones, mounted for the test. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '@vamp/agent/base/clock'
import { Fault } from '@vamp/model/fault'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../base/sql/database.ts'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import type { EventLog } from '../event-log.ts'
import { openSqlEventLog } from './sql-event-log.ts'

describe.skipIf(process.getuid?.() !== 0)('events on a disk', () => {
  let directory: string
  let file: string
  let opened: { readonly database: Database; readonly log: EventLog }[]
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vamp-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory])
    file = join(directory, 'vamp.db')
    opened = []
  })
  afterEach(async () => {
    for (const each of opened) await close(each)
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  })
  const open = async () => {
    const database = openEmbeddedDatabase({ file })
    const one = { database, log: await openSqlEventLog({ database, clock }) }
    opened.push(one)
    return one
  }
  const close = async ({ database, log }: (typeof opened)[number]) => {
    opened = opened.filter(each => each.database !== database)
    await log[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  }
  const batch = (from: number) => Array.from({ length: 50 }, (_, index) => ({ tags: ['disk', `number:${from + index}`], type: 'disk', value: 'x'.repeat(500) }))
  const count = async (log: EventLog) => await log.aggregate({ tags: ['disk'] }, { type: 'count' }) as unknown

  test('that is full: what was acknowledged is there, what was not is not, it is said so, and it goes on when there is space', async () => {
    const first = await open()
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(4 * 1024 * 1024))
    let kept = 0
    let refusal: unknown
    while (refusal === undefined && kept < 100_000) {
      try { await first.log.append(batch(kept)); kept += 50 } catch (error) { refusal = error }
    }
    expect(refusal).toMatchObject({ code: 'disk_full' })
    expect(kept).toBeGreaterThan(0)
    await expect(first.log.append(batch(kept))).rejects.toMatchObject({ code: 'disk_full' })

    rmSync(join(directory, 'ballast'))
    await first.log.append(batch(kept))
    expect(await count(first.log)).toEqual(kept + 50)
    await close(first)
    expect(await count((await open()).log)).toEqual(kept + 50)
  })

  test('that may only be read is refused with a sentence', async () => {
    const first = await open()
    await first.log.append(batch(0))
    await close(first)
    execFileSync('mount', ['-o', 'remount,ro', directory])

    const refusal = await open().then(() => undefined, (error: unknown) => error)
    expect(refusal).toBeInstanceOf(Fault)
    expect(String((refusal as Fault).message)).toMatch(/cannot be (written|opened|used)/)
    execFileSync('mount', ['-o', 'remount,rw', directory])
    expect(await count((await open()).log)).toEqual(50)
  })

  test('that lost the end of the file says that it is damaged, and gives nothing that is not there', async () => {
    const first = await open()
    for (let from = 0; from < 2000; from += 50) await first.log.append(batch(from))
    await close(first)
    truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096)

    const refusal = await open().then(({ log }) => count(log)).then(() => undefined, (error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'store_unavailable', message: expect.stringMatching(/damaged/) })
  })
})
