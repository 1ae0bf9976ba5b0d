/** Everything the store can hold: the artifacts of the language and what reconcilers remember beside them. */
import type { AutoscalerStatus } from '@vamp/model/autoscaler-status'
import type { ArtifactOf } from '@vamp/model/artifact'
import type { DeploymentStatus } from '@vamp/model/deployment'
import type { GatewayStatus } from '@vamp/model/gateway-status'
import type { ReleaseOrder, ReleaseStatus } from '@vamp/model/release-status'
import type { SlaStatus } from '@vamp/model/sla-status'
import type { Token } from '@vamp/model/token'
import type { WorkflowRun, WorkflowState } from '@vamp/model/workflow-run'

export interface RecordOf extends ArtifactOf {
  'deployment-statuses': DeploymentStatus
  'gateway-statuses': GatewayStatus
  'release-statuses': ReleaseStatus
  'release-orders': ReleaseOrder
  'sla-statuses': SlaStatus
  'workflow-statuses': WorkflowState
  /** Named `workflow/run`. */
  'workflow-runs': WorkflowRun
  /** What scripts remember, named `workflow/key`. */
  'workflow-values': { readonly value: unknown }
  'autoscaler-statuses': AutoscalerStatus
  tokens: Token
  /** Small facts of the installation itself: agent sequence numbers, assigned ports, schema version. */
  settings: Readonly<Record<string, unknown>>
}

export type RecordKind = keyof RecordOf
