/** Waits until what was asked for is so: not that it was begun, but that a visitor gets an answer. */
import { type ClusterView, type DeploymentView, deployments, type ServiceView } from '@vamp/model/api/deployments'
import { type GatewayView, gateways } from '@vamp/model/api/gateways'
import { worstPhase } from './columns.ts'
import { EXIT } from './exit-code.ts'
import type { Session } from './session.ts'

const LOOK_MS = 250
/** A gateway may have to wait for a port that somebody lets go just now; for so long that is no failure. */
const PROBLEM_MS = 10_000

/** `failed` if one of them failed or is not done in time. */
export async function waitForDeployments({ client, io }: Session, names: readonly string[], timeoutSeconds: number): Promise<number> {
  const deadline = io.now() + timeoutSeconds * 1000
  const waiting = new Map(names.map(name => [name, 'it was not looked at']))
  const troubledSince = new Map<string, number>()
  while (!io.signal.aborted) {
    const lists = waiting.size > 0 ? await client.all(gateways.list, {}, io.signal) : []
    for (const name of waiting.keys()) {
      const { data } = await client.call(deployments.get, { path: { deployment: name } }, io.signal)
      if (worstPhase(data) === 'Failed') { io.err(`deployment ${name} failed: ${reasons(data)}\n`); return EXIT.failed }
      const own = lists.filter(gateway => gateway.name.startsWith(`${name}/`))
      const problem = own.find(({ state }) => state.problem !== undefined)
      if (problem === undefined) troubledSince.delete(name)
      else if (io.now() - (troubledSince.get(name) ?? io.now()) >= PROBLEM_MS) { io.err(`gateway ${problem.name}: ${problem.state.problem}\n`); return EXIT.failed }
      else if (!troubledSince.has(name)) troubledSince.set(name, io.now())
      const missing = stillMissing(data, own)
      if (missing !== undefined) { waiting.set(name, missing); continue }
      waiting.delete(name)
      io.out(`deployment ${name} is done\n`)
    }
    if (waiting.size === 0) return EXIT.ok
    if (io.now() >= deadline) { for (const [name, missing] of waiting) io.err(`deployment ${name} is not done after ${timeoutSeconds} s: ${missing}\n`); return EXIT.failed }
    await io.sleep(LOOK_MS)
  }
  return EXIT.failed
}

/** What a visitor would still miss: an instance that is not ready, or that some proxy does not know yet; nothing if all is there. */
export function stillMissing(view: DeploymentView, own: readonly GatewayView[]): string | undefined {
  const clusters = Object.entries(view.clusters)
  const phase = clusters.flatMap(([, { services }]) => services).find(({ status }) => status.phase.name !== 'Done')?.status.phase
  if (phase) return phase.notification ?? phase.name
  const gateway = own.find(({ deployed, state }) => !deployed || state.problem !== undefined)
  if (gateway) return `gateway ${gateway.name}: ${gateway.state.problem ?? 'no proxy has confirmed it yet'}`
  const unknown = clusters.flatMap(([, cluster]) => cluster.services.filter(service => isRouted(cluster, service))).flatMap(({ instances }) => instances).find(({ state, deployed }) => state === 'ready' && !deployed)
  return unknown && `no gateway leads to ${unknown.name} yet`
}

/** Only such services have visitors. */
function isRouted({ gateways: ports }: ClusterView, { breed }: ServiceView): boolean {
  return Object.values(ports).some(({ routes }) => typeof routes === 'object' && routes !== null && breed.name in routes)
}

function reasons(view: DeploymentView): string {
  return Object.values(view.clusters).flatMap(({ services }) => services.flatMap(({ breed, status }) => status.phase.name === 'Failed' ? [`${breed.name}: ${status.phase.notification ?? 'no reason is known'}`] : [])).join('\n')
}
