/** `shop/web/web:1.1`: where something is, as far as it is said. */
import type { DeploymentView } from '@vamp/model/api/deployments'
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'

export interface Place { readonly deployment: string; readonly cluster?: string; readonly service?: string }

export function placeOf(text: string): Place {
  const [deployment = '', cluster, service, ...more] = text.split('/')
  if (deployment === '' || more.length > 0) throw new CommandFailure(EXIT.usage, `'${text}' is no place; write deployment/cluster/service, such as shop/web/web:1.0`)
  return { deployment, ...(cluster === undefined ? {} : { cluster }), ...(service === undefined ? {} : { service }) }
}

/** The services that a place stands for. */
export function servicesAt(view: DeploymentView, { cluster, service }: Place): readonly { readonly cluster: string; readonly service: string }[] {
  const found = Object.entries(view.clusters).filter(([name]) => cluster === undefined || name === cluster)
    .flatMap(([name, { services }]) => services.filter(({ breed }) => service === undefined || breed.name === service).map(({ breed }) => ({ cluster: name, service: breed.name })))
  if (found.length === 0) throw new CommandFailure(EXIT.not_found, `the deployment ${view.name} has no ${[cluster, service].filter(part => part !== undefined).join('/')}; it has ${Object.entries(view.clusters).flatMap(([name, { services }]) => services.map(({ breed }) => `${name}/${breed.name}`)).join(', ')}`)
  return found
}
