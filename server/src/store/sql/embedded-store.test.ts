import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { storeContract } from '../contract.ts'
import { openSqlStore } from './sql-store.ts'

storeContract('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-store-'))
  const file = join(directory, 'vamp.db')
  let database = openEmbeddedDatabase({ file })
  return {
    store: await openSqlStore(database),
    async reopen() {
      await database[Symbol.asyncDispose]()
      database = openEmbeddedDatabase({ file })
      return await openSqlStore(database)
    },
    async close() {
      await database[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
})
