/** `vamp token create ci --role operator`, `vamp token revoke ci` */
import { tokens } from '@vamp/model/api/tokens'
import type { Role } from '@vamp/model/token'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

export async function createToken({ client, io }: Session, name: string, { role: given, output }: { readonly role: string; readonly output?: string }): Promise<number> {
  const form = formOf(output)
  const role = ROLES.find(known => known === given)
  if (!role) throw new CommandFailure(EXIT.usage, `--role ${given} is none of ${ROLES.join(', ')}`)
  const { data } = await client.call(tokens.create, { body: { name, role } }, io.signal)
  if (form === 'json' || form === 'yaml') { io.out(asData(data, form)); return EXIT.ok }
  io.err(`The token ${name} (${role}); it is shown this once:\n`)
  io.out(`${data.token}\n`)
  return EXIT.ok
}

export async function revokeToken({ client, io }: Session, name: string): Promise<number> {
  await client.call(tokens.revoke, { path: { name } }, io.signal)
  io.out(`token ${io.colours.bold(name)} revoked\n`)
  return EXIT.ok
}
