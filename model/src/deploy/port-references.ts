/** Ports that are given as references, before any gateway has a number: will there be one? */
import type { Deployment } from '../deployment.ts'
import type { Problem } from '../problem.ts'
import { resolvePorts } from '../variable/port.ts'
import { staying } from './check.ts'

/** Any number will do for the gateways that are going to be. */
const SOME_PORT = '1'

export function checkPortReferences(deployment: Deployment): readonly Problem[] {
  const offered = new Set(deployment.clusters.flatMap(cluster => staying(cluster).flatMap(({ breed }) => breed.ports.map(({ name }) => `${cluster.name}.${name}`))))
  const facts = { port: (cluster: string, port: string) => offered.has(`${cluster}.${port}`) ? SOME_PORT : undefined }
  // What has left is not offered, although its number is still remembered.
  const forgetful = { ...deployment, ports: {} }
  return deployment.clusters.flatMap(cluster => staying(cluster).flatMap(service => resolvePorts(forgetful, cluster.name, service, facts).problems))
}
