import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDatabase } from '@vamp/server/base/sql/embedded-database'
import { openSqlStore } from '@vamp/server/store/sql/sql-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

let directory: string
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'vamp-copies-')) })
afterEach(() => { rmSync(directory, { recursive: true }) })
const at = (name: string) => join(directory, name)

async function vamp(...args: string[]) {
  let said = ''
  const say = (text: string) => { said += text }
  const exit = await run(args, { ...processIo({}, new AbortController().signal, () => 0), out: say, err: say }, {})
  return { exit, said: said.replaceAll(directory, 'DIR') }
}

async function installation(data: string) {
  const database = openEmbeddedDatabase({ file: join(data, 'vamp.db') })
  const store = await openSqlStore(database)
  return { store, async [Symbol.asyncDispose]() { await store[Symbol.asyncDispose](); await database[Symbol.asyncDispose]() } }
}

test('what a server keeps is copied while it runs, and is there again in another directory', async () => {
  await using running = await installation(at('data'))
  await running.store.put('settings', 'colour', { is: 'red' })

  expect(await vamp('backup', at('copy.db'), '--data', at('data'))).toEqual({ exit: 0, said: expect.stringMatching(/^DIR\/copy\.db: \d+ kB, copied from DIR\/data and checked\n$/) })
  await running.store.put('settings', 'colour', { is: 'black' })
  expect(await vamp('restore', at('copy.db'), '--data', at('other'))).toEqual({ exit: 0, said: expect.stringContaining('DIR/other: ') })

  await using restored = await installation(at('other'))
  expect((await restored.store.get('settings', 'colour'))?.value).toEqual({ is: 'red' })
})

test('a copy that is not there, and a place that is taken, are named with the file', async () => {
  await using _ = await installation(at('data'))

  expect(await vamp('backup', at('copy.db'), '--data', at('nowhere'))).toEqual({ exit: 3, said: expect.stringMatching(/there is no database to back up: DIR\/nowhere\/vamp\.db\n.*data directory of a server on this machine, and that was DIR\/nowhere\n.*--data/) })
  expect(await vamp('restore', at('none.db'), '--data', at('other'))).toEqual({ exit: 3, said: expect.stringContaining('DIR/none.db') })
  writeFileSync(at('shop.yml'), 'kind: breed\nname: a text that is longer than the head of a database, and none\n'.repeat(20))
  expect(await vamp('restore', at('shop.yml'), '--data', at('other'))).toEqual({ exit: 1, said: 'error this file is no backup: DIR/shop.yml\n' })
  await vamp('backup', at('copy.db'), '--data', at('data'))
  expect(await vamp('restore', at('copy.db'), '--data', at('data'))).toEqual({ exit: 4, said: expect.stringContaining('DIR/data/vamp.db') })
})
