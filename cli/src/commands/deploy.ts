/** `vamp deploy shop`: a stored blueprint becomes a deployment. `vamp deploy -f shop.yml`: what is in files, stored and deployed. */
import { deployments } from '@vamp/model/api/deployments'
import { durationOf } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Session } from '../session.ts'
import { waitForDeployments } from '../wait.ts'
import { apply } from './apply.ts'

export interface DeployFlags { readonly file?: readonly string[]; readonly as?: string; readonly wait?: boolean; readonly timeout: string; readonly output?: string }

export async function deploy(session: Session, blueprint: string | undefined, flags: DeployFlags): Promise<number> {
  const { file, as, ...rest } = flags
  if (file && blueprint === undefined && as === undefined) return apply(session, { ...rest, file, deploy: true })
  if (blueprint === undefined || file) throw new CommandFailure(EXIT.usage, 'say what: vamp deploy <blueprint> [--as <deployment>], or vamp deploy -f <file>')
  const patience = flags.wait ? durationOf(flags.timeout, '--timeout') : 0
  const { client, io } = session
  const deployment = as ?? blueprint
  const { note } = await client.call(deployments.put, { path: { deployment }, body: { name: blueprint } }, io.signal)
  io.out(`deployment ${io.colours.bold(deployment)} is on its way\n${note === undefined ? '' : `  ${io.colours.yellow(note)}\n`}`)
  return flags.wait ? waitForDeployments(session, [deployment], patience) : EXIT.ok
}
