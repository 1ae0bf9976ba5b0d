/** The sum of everything a user can store. */
import type { Autoscaler } from './autoscaler.ts'
import type { Blueprint } from './blueprint.ts'
import type { Breed } from './breed.ts'
import type { Condition } from './condition.ts'
import type { Deployment } from './deployment.ts'
import type { Escalation } from './escalation.ts'
import type { Gateway, Rewrite, RouteArtifact } from './gateway.ts'
import type { Policy } from './policy.ts'
import type { Release } from './release.ts'
import type { Scale } from './scale.ts'
import type { Sla } from './sla.ts'
import type { Template } from './template.ts'
import type { Workflow } from './workflow.ts'

export interface ArtifactOf {
  breeds: Breed
  blueprints: Blueprint
  deployments: Deployment
  gateways: Gateway
  workflows: Workflow
  conditions: Condition
  rewrites: Rewrite
  routes: RouteArtifact
  scales: Scale
  slas: Sla
  escalations: Escalation
  templates: Template
  releases: Release
  autoscalers: Autoscaler
  policies: Policy
}

export type Artifact = ArtifactOf[keyof ArtifactOf]
