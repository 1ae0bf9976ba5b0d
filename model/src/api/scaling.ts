/** Why services have the size they have: what autoscalers see and want, what promises became of, and what another policy would have done. */
import { Type } from '@sinclair/typebox'
import type { AutoscalerStatus, ScalingPoint, ServiceScaling } from '../autoscaler-status.ts'
import type { ClusterSla } from '../sla-status.ts'
import { type Endpoint, endpoint, opaque } from './endpoint.ts'

export const AutoscalerStatusJson = opaque<AutoscalerStatus>('what an autoscaler saw, wanted and was granted, and why')

export interface ScalingPoints { readonly service: string; readonly points: readonly ScalingPoint[] }
export const ScalingPointsJson = opaque<ScalingPoints>('signal, target, wanted, granted and ready of one version, second by second')

/** Why a version has its size. */
export interface SizeExplained {
  readonly deployment: string
  readonly cluster: string
  readonly service: string
  readonly instances: number
  readonly ready: number
  readonly sentence: string
  /** Whoever keeps it at its size, if anybody does. */
  readonly autoscaler?: string
  readonly scaling?: ServiceScaling
  readonly sla?: ClusterSla
  /** The last change of its size. */
  readonly changed?: { readonly at: string; readonly by: string; readonly from: number; readonly to: number; readonly sentence: string }
}
export const SizeExplainedJson = opaque<SizeExplained>('why a version has the size it has')

/** What a policy would have done to the recorded traffic. */
export interface ScalingReplay {
  readonly from: string
  readonly to: string
  /** Seconds of each recorded point. */
  readonly resolution: number
  readonly instance_hours: number
  readonly changes: number
  readonly instances_max: number
  /** Share of the requests that came while instances had more than their share to do; null where nothing says what that is. */
  readonly overloaded_share: number | null
  readonly points: readonly ScalingPoint[]
}
export const ScalingReplayJson = opaque<ScalingReplay>('what a policy would have done to the recorded traffic')

const reading = { role: 'viewer', group: 'autoscalers' } as const
const since = Type.String({ pattern: '^[1-9][0-9]{0,6}[smhdw]?$', default: '10m', description: 'so long until now: 10m, 2h, 7d' })

export const scaling = {
  statuses: endpoint({ ...reading, method: 'GET', path: '/autoscaler-statuses', summary: 'What every autoscaler saw, wanted and was granted', answer: { is: 'data', status: 200, schema: Type.Array(AutoscalerStatusJson) } }),
  status: endpoint({ ...reading, method: 'GET', path: '/autoscalers/{name}/status', summary: 'What an autoscaler saw, wanted and was granted, and why', answer: { is: 'data', status: 200, schema: AutoscalerStatusJson } }),
  points: endpoint({ ...reading, method: 'GET', path: '/autoscalers/{name}/points', summary: 'Signal, target, wanted, granted and ready of the last hour, by version', query: Type.Object({ since }), answer: { is: 'data', status: 200, schema: Type.Array(ScalingPointsJson) } }),
  replay: endpoint({
    method: 'POST', path: '/autoscaler-replays', role: 'viewer', group: 'autoscalers', summary: 'What an autoscaler would have done to the recorded traffic of its service; nothing is changed',
    query: Type.Object({ since: Type.String({ pattern: '^[1-9][0-9]{0,6}[smhdw]?$', default: '1h', description: 'so long until now' }), start_up: Type.Number({ minimum: 0, maximum: 3600, default: 1, description: 'seconds that an instance takes to start' }) }),
    body: { is: 'artifact', kind: 'autoscalers' }, answer: { is: 'data', status: 200, schema: ScalingReplayJson },
  }),
  explain: endpoint({ ...reading, method: 'GET', path: '/explain/{deployment}/{cluster}', summary: 'Why the services of a cluster have the size they have', answer: { is: 'data', status: 200, schema: Type.Array(SizeExplainedJson) } }),
} satisfies Record<string, Endpoint>
