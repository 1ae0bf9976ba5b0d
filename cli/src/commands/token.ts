/** `vamp token create ci --role operator`, `vamp token revoke ci` */
import { tokens } from '@vamp/model/api/tokens'
import type { Role } from '@vamp/model/token'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Session } from '../session.ts'

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

export async function createToken({ client, io }: Session, name: string, { role: given }: { readonly role: string }): Promise<number> {
  const role = ROLES.find(known => known === given)
  if (!role) throw new CommandFailure(EXIT.usage, `--role ${given} is none of ${ROLES.join(', ')}`)
  const { data } = await client.call(tokens.create, { body: { name, role } }, io.signal)
  io.err(`The token ${name} (${role}); it is shown this once:\n`)
  io.out(`${data.token}\n`)
  return EXIT.ok
}

export async function revokeToken({ client, io }: Session, name: string): Promise<number> {
  await client.call(tokens.revoke, { path: { name } }, io.signal)
  io.out(`token ${io.colours.bold(name)} revoked\n`)
  return EXIT.ok
}
