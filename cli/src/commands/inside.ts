/** What the server can tell of itself beyond `info`: counts, schemas, its proxy's configuration, what a selector finds. */
import { system } from '@vamp/model/api/system'
import { EXIT } from '../exit-code.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { table } from '../table.ts'

interface Output { readonly output?: string }

export async function stats({ client, io }: Session, { output }: Output): Promise<number> {
  io.out(asData((await client.call(system.stats, {}, io.signal)).data, formOf(output ?? 'yaml')))
  return EXIT.ok
}

/** As editors take it: JSON unless something else is asked for. */
export async function schema({ client, io }: Session, kind: string, { output }: Output): Promise<number> {
  io.out(asData((await client.call(system.schema, { path: { kind } }, io.signal)).data, formOf(output ?? 'json')))
  return EXIT.ok
}

export async function proxyConfiguration({ client, io }: Session): Promise<number> {
  io.out((await client.call(system.proxyConfiguration, { path: { version: '1.8' } }, io.signal)).data)
  return EXIT.ok
}

export async function select({ client, io }: Session, selector: string | undefined, { output }: Output): Promise<number> {
  const form = formOf(output)
  const found = await client.all(system.routing, { query: selector === undefined ? {} : { selector } }, io.signal)
  if (form === 'json' || form === 'yaml') io.out(asData(found, form))
  else if (form === 'name') io.out(found.map(({ name }) => `${name}\n`).join(''))
  else if (found.length === 0) io.out('The selector finds nothing that runs.\n')
  else io.out(table([{ title: 'NAME' }, { title: 'KIND' }, { title: 'IMAGE', flexible: true }, { title: 'INSTANCES', right: true }, { title: 'LABELS', flexible: true }], found.map(({ name, kind, image, instances, labels }) => [name, kind, image, String(instances.length), Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(', ')]), { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold }))
  return EXIT.ok
}
