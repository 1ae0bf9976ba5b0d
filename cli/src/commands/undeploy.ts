/** `vamp undeploy shop`, `vamp undeploy shop --service web:1.0` */
import { deployments } from '@vamp/model/api/deployments'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Session } from '../session.ts'

export interface UndeployFlags { readonly service?: string }

export async function undeploy({ client, io }: Session, name: string, { service }: UndeployFlags): Promise<number> {
  const path = { deployment: name }
  if (service === undefined) {
    await client.call(deployments.delete, { path, query: { all: true } }, io.signal)
    io.out(`deployment ${io.colours.bold(name)} is being removed\n`)
    return EXIT.ok
  }
  const { data } = await client.call(deployments.get, { path }, io.signal)
  const cluster = Object.entries(data.clusters).find(([, { services }]) => services.some(({ breed }) => breed.name === service))?.[0]
  if (cluster === undefined) throw new CommandFailure(EXIT.not_found, `the deployment ${name} has no service ${service}`)
  await client.call(deployments.delete, { path, body: { name, clusters: { [cluster]: { services: [{ breed: service }] } } } }, io.signal)
  io.out(`service ${io.colours.bold(service)} of ${name}/${cluster} is being removed\n`)
  return EXIT.ok
}
