/** Deployments in a draft: what a blueprint, a slice or a deletion makes of the deployment and its gateways. */
import type { Blueprint } from '@vamp/model/blueprint'
import { type DeploymentChange, planDelete, planDeployment, planSlice } from '@vamp/model/deploy/plan'
import type { Deployment } from '@vamp/model/deployment'
import type { DeploymentBody } from '@vamp/model/parse/document'
import type { Draft } from './draft.ts'
import { notFound } from './found.ts'
import { type SizeWorld, withKeptSizes } from './keeper.ts'
import { withLookup } from './lookups.ts'
import { accepted, refuse } from './refused.ts'
import type { Call } from './route.ts'
import { gatewayHost } from './world.ts'

export interface DeployInput {
  readonly name: string
  readonly body: DeploymentBody
  readonly expected: Call['expected']
  readonly source: string
  readonly world: SizeWorld
}

/** Creates or merges. Throws `Refused`. */
export async function deploy(draft: Draft, { name, body, expected, source, world }: DeployInput): Promise<Deployment> {
  const incoming = await blueprintOf(draft, body)
  const current = await draft.get('deployments', name)
  if (!current && await draft.get('workflows', name)) refuse('DeploymentWorkflowNameCollision', `There cannot exist deployment and workflow with the same name: ${name}.`)
  const gateways = await draft.list('gateways')
  const change = accepted(await withLookup(draft, lookup => planDeployment({ current, incoming, name, lookup, gateways, host: gatewayHost(world) })))
  const { deployment, notes } = await withKeptSizes(world, draft, current, change.deployment)
  await store(draft, { ...change, deployment }, expected, source)
  for (const note of notes) draft.note('deployments', name, note)
  return deployment
}

/** Takes away the services that the body names. */
export async function undeploy(draft: Draft, { name, body, expected, source }: Omit<DeployInput, 'world'>): Promise<Deployment> {
  const outgoing = await blueprintOf(draft, body)
  const current = await deployed(draft, name)
  const change = accepted(planSlice({ current, outgoing, gateways: await draft.list('gateways') }))
  return store(draft, change, expected, source)
}

/** Takes away everything, with the gateways that lead into it from outside. */
export async function undeployAll(draft: Draft, name: string, expected: Call['expected']): Promise<Deployment> {
  const current = await deployed(draft, name)
  return store(draft, planDelete({ current, gateways: await draft.list('gateways'), external: true }), expected, '')
}

export async function deployed(draft: Draft, name: string): Promise<Deployment> {
  const current = await draft.get('deployments', name)
  if (!current) throw notFound('deployments', name)
  return current
}

async function blueprintOf(draft: Draft, body: DeploymentBody): Promise<Blueprint> {
  if (body.is === 'blueprint') return body.blueprint
  const stored = await draft.get('blueprints', body.name)
  if (!stored) throw notFound('blueprints', body.name)
  return stored
}

/** Written only if they are what the plan was made from. */
async function store(draft: Draft, { deployment, gateways }: DeploymentChange, expected: Call['expected'], source: string): Promise<Deployment> {
  await draft.put('deployments', deployment, expected === 'any' ? 'as-read' : expected, source)
  for (const gateway of gateways.put) await draft.put('gateways', gateway, 'as-read', source)
  for (const name of gateways.remove) await draft.delete('gateways', name, 'as-read')
  return deployment
}
