import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { ArtifactList, fieldText } from '../ui/artifact-list.tsx'

export default function Slas() {
  return (
    <ArtifactList kind="slas" title="SLAs" about="What is promised to visitors of a cluster, and what is done when the promise is broken or is kept with room to spare." columns={[
      { title: 'promise', cell: promiseOf },
      { title: 'what is done', cell: ({ escalations }) => fieldText(escalations) || 'nothing' },
    ]} />
  )
}

function promiseOf({ type, threshold, window, ...rest }: ArtifactJson): string {
  if (type !== 'response_time_sliding_window') return fieldText(type ?? rest['type_name'])
  const { upper, lower } = (threshold ?? {}) as { readonly upper?: unknown; readonly lower?: unknown }
  const { interval } = (window ?? {}) as { readonly interval?: unknown }
  return `response time between ${fieldText(lower)} and ${fieldText(upper)} ms, over ${fieldText(interval)} s`
}
