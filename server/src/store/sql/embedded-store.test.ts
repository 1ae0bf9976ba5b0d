import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { openSqlEventLog } from '../../event/sql/sql-event-log.ts'
import { storeContract } from '../contract.ts'
import { openSqlStore } from './sql-store.ts'

storeContract('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-store-'))
  const file = join(directory, 'vamp.db')
  let database = openEmbeddedDatabase({ file })
  const log = await openSqlEventLog({ database, clock: systemClock })
  return {
    store: await openSqlStore(database, log), log,
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
