/** `vamp sla set shop/web gold`: what is promised of the clusters of a deployment. */
import { deployments } from '@vamp/model/api/deployments'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { textsOf } from '../files.ts'
import { asData, formOf } from '../output.ts'
import { placeOf } from '../place.ts'
import type { Session } from '../session.ts'

type Path = { readonly deployment: string; readonly cluster: string }

function clusterOf(where: string): Path {
  const { deployment, cluster, service } = placeOf(where)
  if (cluster === undefined || service !== undefined) throw new CommandFailure(EXIT.usage, `a promise is of a cluster: write ${deployment}/<cluster>`)
  return { deployment, cluster }
}

export async function showSla({ client, io }: Session, where: string, { output }: { readonly output?: string }): Promise<number> {
  io.out(asData((await client.call(deployments.getSla, { path: clusterOf(where) }, io.signal)).data, formOf(output ?? 'yaml')))
  return EXIT.ok
}

/** A stored SLA by its name, or one that is written in a file for this cluster alone. */
export async function setSla({ client, io }: Session, where: string, name: string | undefined, { file }: { readonly file?: string }): Promise<number> {
  if ((name === undefined) === (file === undefined)) throw new CommandFailure(EXIT.usage, 'say what is promised: the name of a stored SLA, or --file <file>')
  const path = clusterOf(where)
  const [{ text } = { text: '' }] = file === undefined ? [{ text: `reference: ${JSON.stringify(name)}\n` }] : await textsOf(file, io)
  await client.call(deployments.putSla, { path, body: text }, io.signal)
  io.out(`${io.colours.bold(where)} is promised ${name ?? `what ${file} says`}\n`)
  return EXIT.ok
}

export async function removeSla({ client, io }: Session, where: string): Promise<number> {
  await client.call(deployments.deleteSla, { path: clusterOf(where) }, io.signal)
  io.out(`nothing is promised of ${io.colours.bold(where)} any more\n`)
  return EXIT.ok
}
