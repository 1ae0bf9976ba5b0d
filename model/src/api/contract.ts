/** Every endpoint there is, by resource. */
import { agents } from './agent.ts'
import { staticArtifacts } from './artifacts.ts'
import { deployments } from './deployments.ts'
import { documents } from './documents.ts'
import type { Endpoint } from './endpoint.ts'
import { events } from './events.ts'
import { gateways } from './gateways.ts'
import { imagePushes } from './image-pushes.ts'
import { nodes } from './nodes.ts'
import { releases } from './releases.ts'
import { scaling } from './scaling.ts'
import { health, metrics, pages, system } from './system.ts'
import { tokens } from './tokens.ts'
import { trace } from './trace.ts'
import { traffic } from './traffic.ts'
import { workflows } from './workflows.ts'

export const contract = { documents, ...staticArtifacts, deployments, nodes, gateways, workflows, releases, imagePushes, scaling, events, system, health, metrics, traffic, trace, tokens, agents, pages } as const satisfies Readonly<Record<string, Readonly<Record<string, Endpoint>>>>

/** `breeds.list` and its row, in order of the contract. */
export function allEndpoints(): readonly (readonly [id: string, endpoint: Endpoint])[] {
  return Object.entries(contract).flatMap(([resource, rows]) => Object.entries(rows).map(([verb, row]) => [`${resource}.${verb}`, row as Endpoint] as const))
}
