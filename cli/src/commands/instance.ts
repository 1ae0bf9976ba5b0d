/** `vamp instance end shop-web-1 --drain`: its service starts another in its place. */
import { deployments } from '@vamp/model/api/deployments'
import { EXIT } from '../exit-code.ts'
import type { Session } from '../session.ts'

export async function endInstance({ client, io }: Session, name: string, { drain = false }: { readonly drain?: boolean }): Promise<number> {
  await client.call(deployments.endInstance, { path: { instance: name }, query: { drain } }, io.signal)
  io.out(`instance ${io.colours.bold(name)} ${drain ? 'finishes what it has begun and ends' : 'ends'}; its service starts another\n`)
  return EXIT.ok
}
