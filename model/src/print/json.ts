/**
 * Artifacts as the original's API shows them. What is printed is read back to the same artifact; names that users chose
 * are never changed, and maps keep the document's order.
 */
import type { Artifact } from '../artifact.ts'
import { printAutoscaler } from './autoscaler.ts'
import { printBlueprint } from './blueprint.ts'
import { printBreed } from './breed.ts'
import { printDeployment } from './deployment.ts'
import { type Json, printHeader } from './fields.ts'
import { printGateway, printRouteSettings } from './gateway.ts'
import { printPolicySettings } from './policy.ts'
import { printRelease } from './release.ts'
import { printScale } from './scale.ts'
import { printEscalation, printSla } from './sla.ts'
import { printWorkflow } from './workflow.ts'

export function printJson(artifact: Artifact): Json {
  switch (artifact.kind) {
    case 'breeds': return printBreed(artifact)
    case 'blueprints': return printBlueprint(artifact)
    case 'deployments': return printDeployment(artifact)
    case 'gateways': return printGateway(artifact)
    case 'workflows': return printWorkflow(artifact)
    case 'conditions': return { ...printHeader(artifact), condition: artifact.condition }
    case 'rewrites': return { ...printHeader(artifact), path: artifact.path }
    case 'routes': return { ...printHeader(artifact), ...printRouteSettings(artifact) }
    case 'scales': return printScale(artifact)
    case 'slas': return printSla(artifact)
    case 'escalations': return printEscalation(artifact)
    case 'templates': return { ...printHeader(artifact), definition: artifact.definition }
    case 'releases': return printRelease(artifact)
    case 'autoscalers': return printAutoscaler(artifact)
    case 'policies': return { ...printHeader(artifact), ...printPolicySettings(artifact) }
  }
}
