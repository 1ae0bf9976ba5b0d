import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDatabase } from '../../base/sql/embedded-database.ts'
import { eventContract } from '../contract.ts'
import { openSqlEventLog } from './sql-event-log.ts'

eventContract('embedded', async clock => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-events-'))
  const file = join(directory, 'vamp.db')
  let database = openEmbeddedDatabase({ file })
  return {
    log: await openSqlEventLog({ database, clock }),
    async reopen() {
      await database[Symbol.asyncDispose]()
      database = openEmbeddedDatabase({ file })
      return await openSqlEventLog({ database, clock })
    },
    async close() {
      await database[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
})
