import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { Link } from 'react-router'
import { path } from '../path.ts'
import { ArtifactList, fieldText } from '../ui/artifact-list.tsx'

export default function Autoscalers() {
  return (
    <ArtifactList kind="autoscalers" title="Autoscalers" to={path.autoscaler} about="Each keeps a service or a cluster at the size that its traffic needs." columns={[
      { title: 'keeps', cell: ({ deployment, cluster, service }) => <Link to={path.deployment(String(deployment))}>{[deployment, cluster, service].filter(Boolean).join('/')}</Link> },
      { title: 'between', numeric: true, cell: ({ minimum, maximum }) => `${fieldText(minimum)} and ${fieldText(maximum)}` },
      { title: 'by', cell: signalsOf },
      { title: 'mode', wide: true, cell: ({ mode }) => fieldText(mode) },
    ]} />
  )
}

/** `requests 50, latency_p95 200` */
export function signalsOf({ signals }: ArtifactJson): string {
  const list = Array.isArray(signals) ? signals as readonly { readonly metric?: unknown; readonly target?: unknown }[] : []
  return list.map(({ metric, target }) => `${fieldText(metric)} ${fieldText(target)}`.trim()).join(', ')
}
