/** `vamp version`: of this program, and of the server if one answers. */
import { system } from '@vamp/model/api/system'
import { EXIT } from '../exit-code.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { VERSION } from '../version.ts'

export async function version({ client, io, options }: Session, flags: { readonly output?: string }): Promise<number> {
  const form = formOf(flags.output)
  const server = await client.call(system.info, {}, io.signal).then(({ data }) => data, () => undefined)
  if (form === 'json' || form === 'yaml') io.out(asData({ client: VERSION, server: server?.version ?? null }, form))
  else io.out(`vamp ${VERSION}\nserver ${server ? `${server.version} at ${options.host}, since ${server.running_since.slice(0, 19).replace('T', ' ')}` : `does not answer at ${options.host}`}\n`)
  return EXIT.ok
}
