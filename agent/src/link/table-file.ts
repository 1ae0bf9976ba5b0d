/** The last table that the proxy confirmed, on disk: an agent that starts without its server carries what it carried before. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Logger } from '../base/log.ts'
import type { Link } from './link.ts'

/** The link, with the table of the file told first and every confirmed table written to it. */
export async function withTableFile(link: Link, file: string, log: Logger): Promise<Link> {
  const kept = await readTable(file, log)
  /** Told, by revision, until one of them is confirmed; a proxy confirms the newest soon. */
  let newest = kept
  let written = kept
  let writing = Promise.resolve()
  const write = (table: RoutingTable) => {
    written = table
    writing = writing.then(() => writeWhole(file, JSON.stringify(table))).catch(error => log.warn('the table is not kept on disk', { file, error }))
  }
  return {
    onTable(listener) {
      if (kept) listener(kept)
      return link.onTable(table => {
        newest = table
        listener(table)
      })
    },
    report(report) {
      const confirmed = report.acknowledged === newest?.revision && !report.refusal
      // Again where somebody has taken it away.
      if (newest && confirmed && (newest !== written || !existsSync(file))) write(newest)
      link.report(report)
    },
    deliver: window => link.deliver(window),
  }
}

async function readTable(file: string, log: Logger): Promise<RoutingTable | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RoutingTable
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) log.warn('the table on disk cannot be read', { file, error })
    return undefined
  }
}

/** Readers see the old content or the new one, whenever this process ends. */
export async function writeWhole(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, content, { flush: true })
  await rename(`${file}.new`, file)
}
